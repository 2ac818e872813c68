//! Which issuers do we trust at this moment?
