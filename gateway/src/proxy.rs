//! How does a decided request reach its back-end and its answer come back?
