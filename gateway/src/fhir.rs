//! What does a FHIR request mean: which type, which interaction, which patient?
