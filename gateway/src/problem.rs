//! What is a caller told when there is no answer? RFC 9457 problems, from fixed texts only.
