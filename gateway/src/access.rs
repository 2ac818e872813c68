//! Flow 3.2: how does a session become an access?
