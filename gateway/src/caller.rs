//! Which registered client holds this connection, and may it still?
