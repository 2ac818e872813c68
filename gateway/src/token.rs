//! What do our tokens say, and is this one ours?
