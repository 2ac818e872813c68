//! Is this one well-formed HTTP request, and nothing smuggled in it?
