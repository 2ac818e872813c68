//! Who is this patient, who is this client?
