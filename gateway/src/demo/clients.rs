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
    /// Level of care, position and opening hours, as the command line takes them; empty where they mean nothing.
    pub site: [&'static str; 3],
}

const NOWHERE: [&str; 3] = [""; 3];

/// All of them.
pub const CLIENTS: [Client; 10] = [
    Client {
        id: "pharmacy-1",
        kind: "pharmacy",
        name: "Pharmacie Al Amal",
        city: "Rabat",
        site: ["", "34.01325,-6.83255", "08:30-21:00"],
    },
    Client {
        id: "pharmacy-2",
        kind: "pharmacy",
        name: "Pharmacie du Rif",
        city: "Tanger",
        site: ["", "35.76727,-5.79975", "08:30-21:00"],
    },
    Client {
        id: "clinic-1",
        kind: "clinic",
        name: "Clinique Atlas",
        city: "Marrakech",
        site: ["primary", "31.62947,-7.98108", "08:00-20:00"],
    },
    Client {
        id: "hospital-1",
        kind: "hospital",
        name: "CHU de démonstration",
        city: "Casablanca",
        site: ["hospital", "33.57311,-7.58984", "00:00-00:00"],
    },
    Client {
        id: "mobile-unit-1",
        kind: "mobile-unit",
        name: "Unité mobile Haut Atlas",
        city: "Imilchil",
        site: ["primary", "32.15500,-5.62800", "08:00-18:00"],
    },
    Client { id: "cnss", kind: "cnss", name: "Agence CNSS de démonstration", city: "Rabat", site: NOWHERE },
    Client { id: "dossier", kind: "back-end", name: "Dossier patient", city: "Rabat", site: NOWHERE },
    Client { id: "prescription", kind: "back-end", name: "Prescription", city: "Rabat", site: NOWHERE },
    Client { id: "billing", kind: "back-end", name: "Facturation", city: "Rabat", site: NOWHERE },
    Client { id: "auditor", kind: "auditor", name: "Audit", city: "Rabat", site: NOWHERE },
];

/// The sample back-ends, in the order of their ports.
pub const SERVICES: [&str; 3] = ["dossier", "prescription", "billing"];
