//! What time is it? The one clock, and the one that tests turn by hand.
