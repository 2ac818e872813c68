//! Who is on the line? TCP, TLS and the connection's own limits.
