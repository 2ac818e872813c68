//! Which establishments and services hold a certificate in the demonstration?

/// An establishment, a back-end or an auditor with a client certificate (établissement).
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// Registered id: the certificate's X.520 serialNumber.
    pub id: &'static str,
    /// Kind, as the registry and the policies write it.
    pub kind: &'static str,
    /// Name on the door.
    pub name: &'static str,
    /// City.
    pub city: &'static str,
}

/// All of them.
pub const CLIENTS: [Client; 10] = [
    Client { id: "pharmacy-1", kind: "pharmacy", name: "Pharmacie Al Amal", city: "Rabat" },
    Client { id: "pharmacy-2", kind: "pharmacy", name: "Pharmacie du Rif", city: "Tanger" },
    Client { id: "clinic-1", kind: "clinic", name: "Clinique Atlas", city: "Marrakech" },
    Client { id: "hospital-1", kind: "hospital", name: "CHU de démonstration", city: "Casablanca" },
    Client { id: "mobile-unit-1", kind: "mobile-unit", name: "Unité mobile Haut Atlas", city: "Imilchil" },
    Client { id: "cnss", kind: "cnss", name: "Agence CNSS de démonstration", city: "Rabat" },
    Client { id: "dossier", kind: "back-end", name: "Dossier patient", city: "Rabat" },
    Client { id: "prescription", kind: "back-end", name: "Prescription", city: "Rabat" },
    Client { id: "billing", kind: "back-end", name: "Facturation", city: "Rabat" },
    Client { id: "auditor", kind: "auditor", name: "Audit", city: "Rabat" },
];

/// The sample back-ends, in the order of their ports.
pub const SERVICES: [&str; 3] = ["dossier", "prescription", "billing"];
