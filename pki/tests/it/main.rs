//! Is the right thing believed, and nothing else? Over real data of several states, and over issued kingdoms.

mod published;
