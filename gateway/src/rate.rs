//! Is this client asking too often?
