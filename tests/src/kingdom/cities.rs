//! Where do people live? Morocco's twelve regions, their towns and about how many live there.
//!
//! Names and coordinates are real to some kilometres; people are thousands, rounded from the census of 2024 (HCP, RGPH). What a
//! region has beyond its towns lives around them.

/// A region (*région*).
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// Its name.
    pub name: &'static str,
    /// Thousands of people.
    pub people: f64,
    /// Its towns, the first of which has the university hospital or the regional one.
    pub cities: &'static [City],
}

/// A town (*ville*).
#[derive(Clone, Copy, Debug)]
pub struct City {
    /// Its name.
    pub name: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east, therefore negative.
    pub longitude: f64,
    /// Thousands of people in the town itself.
    pub people: f64,
}

const fn city(name: &'static str, latitude: f64, longitude: f64, people: f64) -> City {
    City { name, latitude, longitude, people }
}

/// The twelve of the decree of 2015.
pub const REGIONS: [Region; 12] = [
    Region {
        name: "Tanger-Tétouan-Al Hoceïma",
        people: 4_030.0,
        cities: &[
            city("Tanger", 35.77, -5.80, 1_275.0),
            city("Tétouan", 35.57, -5.37, 420.0),
            city("Larache", 35.19, -6.16, 130.0),
            city("Ksar El Kébir", 35.00, -5.90, 130.0),
            city("Al Hoceïma", 35.25, -3.93, 60.0),
            city("Ouezzane", 34.80, -5.58, 60.0),
            city("Chefchaouen", 35.17, -5.27, 46.0),
        ],
    },
    Region {
        name: "L'Oriental",
        people: 2_295.0,
        cities: &[
            city("Oujda", 34.68, -1.91, 506.0),
            city("Nador", 35.17, -2.93, 178.0),
            city("Berkane", 34.92, -2.32, 118.0),
            city("Taourirt", 34.41, -2.90, 110.0),
            city("Guercif", 34.23, -3.35, 90.0),
            city("Jerada", 34.31, -2.16, 45.0),
            city("Bouarfa", 32.53, -1.96, 29.0),
            city("Figuig", 32.11, -1.23, 11.0),
        ],
    },
    Region {
        name: "Fès-Meknès",
        people: 4_468.0,
        cities: &[
            city("Fès", 34.03, -5.00, 1_257.0),
            city("Meknès", 33.89, -5.55, 630.0),
            city("Taza", 34.21, -4.01, 150.0),
            city("Sefrou", 33.83, -4.84, 85.0),
            city("Azrou", 33.43, -5.22, 55.0),
            city("Taounate", 34.54, -4.64, 40.0),
            city("Missour", 33.05, -3.99, 27.0),
            city("Ifrane", 33.53, -5.11, 15.0),
        ],
    },
    Region {
        name: "Rabat-Salé-Kénitra",
        people: 5_133.0,
        cities: &[
            city("Rabat", 34.02, -6.83, 515.0),
            city("Salé", 34.04, -6.80, 945.0),
            city("Kénitra", 34.26, -6.58, 508.0),
            city("Témara", 33.93, -6.91, 400.0),
            city("Khémisset", 33.82, -6.07, 140.0),
            city("Sidi Slimane", 34.26, -5.92, 95.0),
            city("Sidi Kacem", 34.22, -5.71, 80.0),
        ],
    },
    Region {
        name: "Béni Mellal-Khénifra",
        people: 2_526.0,
        cities: &[
            city("Béni Mellal", 32.34, -6.36, 210.0),
            city("Khouribga", 32.88, -6.91, 200.0),
            city("Khénifra", 32.94, -5.67, 120.0),
            city("Fquih Ben Salah", 32.50, -6.69, 105.0),
            city("Kasba Tadla", 32.60, -6.27, 48.0),
            city("Azilal", 31.96, -6.57, 40.0),
        ],
    },
    Region {
        name: "Casablanca-Settat",
        people: 7_689.0,
        cities: &[
            city("Casablanca", 33.57, -7.59, 3_240.0),
            city("Mohammedia", 33.69, -7.38, 220.0),
            city("El Jadida", 33.25, -8.50, 215.0),
            city("Berrechid", 33.27, -7.59, 185.0),
            city("Settat", 33.00, -7.62, 155.0),
            city("Benslimane", 33.61, -7.12, 65.0),
            city("Sidi Bennour", 32.65, -8.43, 60.0),
        ],
    },
    Region {
        name: "Marrakech-Safi",
        people: 4_893.0,
        cities: &[
            city("Marrakech", 31.63, -8.00, 1_015.0),
            city("Safi", 32.30, -9.24, 335.0),
            city("Ben Guerir", 32.24, -7.95, 110.0),
            city("El Kelâa des Sraghna", 32.05, -7.41, 105.0),
            city("Essaouira", 31.51, -9.77, 85.0),
            city("Youssoufia", 32.25, -8.53, 72.0),
            city("Chichaoua", 31.54, -8.76, 30.0),
        ],
    },
    Region {
        name: "Drâa-Tafilalet",
        people: 1_656.0,
        cities: &[
            city("Errachidia", 31.93, -4.42, 105.0),
            city("Ouarzazate", 30.92, -6.90, 90.0),
            city("Midelt", 32.68, -4.73, 60.0),
            city("Tinghir", 31.51, -5.53, 45.0),
            city("Zagora", 30.33, -5.84, 45.0),
        ],
    },
    Region {
        name: "Souss-Massa",
        people: 3_020.0,
        cities: &[
            city("Agadir", 30.42, -9.60, 500.0),
            city("Aït Melloul", 30.33, -9.50, 200.0),
            city("Inezgane", 30.36, -9.54, 150.0),
            city("Taroudant", 30.47, -8.88, 90.0),
            city("Tiznit", 29.70, -9.73, 85.0),
            city("Tata", 29.74, -7.97, 20.0),
        ],
    },
    Region {
        name: "Guelmim-Oued Noun",
        people: 448.0,
        cities: &[
            city("Guelmim", 28.99, -10.06, 130.0),
            city("Tan-Tan", 28.44, -11.10, 75.0),
            city("Sidi Ifni", 29.38, -10.17, 20.0),
            city("Assa", 28.61, -9.43, 14.0),
        ],
    },
    Region {
        name: "Laâyoune-Sakia El Hamra",
        people: 451.0,
        cities: &[
            city("Laâyoune", 27.15, -13.20, 270.0),
            city("Boujdour", 26.13, -14.49, 60.0),
            city("Es-Semara", 26.74, -11.67, 60.0),
            city("Tarfaya", 27.94, -12.93, 8.0),
        ],
    },
    Region {
        name: "Dakhla-Oued Ed-Dahab",
        people: 220.0,
        cities: &[city("Dakhla", 23.72, -15.93, 150.0), city("Bir Gandouz", 21.62, -16.46, 5.0)],
    },
];

/// A point on the map, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

impl Point {
    /// The point so many kilometres to the north and to the east of here; near enough for a country.
    pub fn moved(self, north: f64, east: f64) -> Self {
        let degree = 111.2;
        Self {
            latitude: self.latitude + north / degree,
            longitude: self.longitude + east / (degree * self.latitude.to_radians().cos()),
        }
    }

    /// Kilometres along the earth.
    pub fn kilometres_to(self, other: Self) -> f64 {
        let (here, there) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let chord = half(other.latitude - self.latitude)
            + here.cos() * there.cos() * half(other.longitude - self.longitude);
        2.0 * 6_371.0 * chord.sqrt().asin()
    }
}

impl City {
    /// Its centre.
    pub fn centre(&self) -> Point {
        Point { latitude: self.latitude, longitude: self.longitude }
    }
}
