//! Flow 3.1: how does a card become a session?
