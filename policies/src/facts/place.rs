//! Where is an establishment, and when is it open?

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place on the earth (*position*), in millionths of a degree: about 11 cm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    latitude: i32,
    longitude: i32,
}

/// When an establishment is open (*heures d'ouverture*), in minutes of the local day. One that closes before it opens is
/// open over midnight; one that closes when it opens never closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OpeningHours {
    opens: u16,
    closes: u16,
}

/// A text that is no place, or no hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not `33.573110,-7.589843`.
    #[error("a position is LATITUDE,LONGITUDE in degrees, such as 33.57311,-7.58984")]
    Position,
    /// Not `08:30-20:00`.
    #[error("opening hours are HH:MM-HH:MM, such as 08:30-20:00")]
    Hours,
}

const MINUTES_OF_A_DAY: u16 = 24 * 60;

/// Of three octets, all but the last one: that stands for no place.
const STEPS: i64 = 0x00FF_FFFE;

impl Position {
    /// A place by degrees north and east.
    #[must_use]
    pub fn degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let micro = |degrees: f64, most: f64| {
            #[allow(clippy::cast_possible_truncation, reason = "at most 180 million")]
            (degrees.abs() <= most).then_some((degrees * 1e6).round() as i32)
        };
        Some(Self { latitude: micro(latitude, 90.0)?, longitude: micro(longitude, 180.0)? })
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(self) -> f64 {
        f64::from(self.latitude) / 1e6
    }

    /// Six octets, to about two metres: three for each coordinate.
    #[must_use]
    pub fn to_octets(self) -> [u8; 6] {
        let coarse = |micro: i32, most: i64| {
            let steps = (i64::from(micro) + most) * STEPS / (2 * most);
            u32::try_from(steps).unwrap_or(0).to_be_bytes()
        };
        let ([_, a, b, c], [_, d, e, f]) =
            (coarse(self.latitude, 90_000_000), coarse(self.longitude, 180_000_000));
        [a, b, c, d, e, f]
    }

    /// Reads what [`to_octets`](Self::to_octets) wrote. All ones are no place.
    #[must_use]
    pub fn from_octets([a, b, c, d, e, f]: [u8; 6]) -> Option<Self> {
        let micro = |octets: [u8; 4], most: i64| {
            let steps = i64::from(u32::from_be_bytes(octets));
            (steps <= STEPS).then(|| i32::try_from(steps * 2 * most / STEPS - most).ok()).flatten()
        };
        let (latitude, longitude) = (micro([0, a, b, c], 90_000_000)?, micro([0, d, e, f], 180_000_000)?);
        Some(Self { latitude, longitude })
    }

    /// Metres between two places along the great circle (*distance orthodromique*), by the haversine formula on a sphere
    /// of 6,371,009 m: at most 0.6 % off on the ellipsoid.
    #[must_use]
    pub fn metres_to(self, other: Self) -> u32 {
        const RADIUS: f64 = 6_371_009.0;
        let (north, south) = (self.latitude().to_radians(), other.latitude().to_radians());
        let half = |radians: f64| (radians / 2.0).sin().powi(2);
        let chord = half(south - north)
            + north.cos() * south.cos() * half((other.longitude() - self.longitude()).to_radians());
        let metres = 2.0 * RADIUS * chord.clamp(0.0, 1.0).sqrt().asin();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 20,016 km")]
        {
            metres.round() as u32
        }
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(self) -> f64 {
        f64::from(self.longitude) / 1e6
    }
}

impl OpeningHours {
    /// Hours by minutes of the day.
    #[must_use]
    pub fn minutes(opens: u16, closes: u16) -> Option<Self> {
        (opens < MINUTES_OF_A_DAY && closes <= MINUTES_OF_A_DAY)
            .then_some(Self { opens, closes: closes % MINUTES_OF_A_DAY })
    }

    /// Whether it is open at that minute of the local day.
    #[must_use]
    pub fn are_open(self, minute: u16) -> bool {
        let Self { opens, closes } = self;
        if opens == closes {
            true
        } else if opens < closes {
            (opens..closes).contains(&minute)
        } else {
            minute >= opens || minute < closes
        }
    }
}

impl FromStr for Position {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let (latitude, longitude) = text.split_once(',').ok_or(PlaceError::Position)?;
        let degrees = |text: &str| text.trim().parse().map_err(|_| PlaceError::Position);
        Self::degrees(degrees(latitude)?, degrees(longitude)?).ok_or(PlaceError::Position)
    }
}

impl FromStr for OpeningHours {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let (opens, closes) = text.split_once('-').ok_or(PlaceError::Hours)?;
        let hours = minute(opens.trim())
            .zip(minute(closes.trim()))
            .and_then(|(opens, closes)| Self::minutes(opens, closes));
        hours.ok_or(PlaceError::Hours)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6},{:.6}", self.latitude(), self.longitude())
    }
}

impl fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: u16| (minute / 60, minute % 60);
        let ((opens, opens_minute), (closes, closes_minute)) = (clock(self.opens), clock(self.closes));
        write!(f, "{opens:02}:{opens_minute:02}-{closes:02}:{closes_minute:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_reach_over_midnight_and_a_hospital_never_closes() {
        let open = |hours: &str, minute| hours.parse::<OpeningHours>().unwrap().are_open(minute);
        assert!(open("08:30-20:00", 8 * 60 + 30) && !open("08:30-20:00", 20 * 60));
        assert!(open("20:00-08:00", 60) && !open("20:00-08:00", 12 * 60));
        assert!(open("00:00-24:00", 3 * 60) && open("00:00-00:00", 23 * 60));
        for wrong in ["", "8-20", "25:00-26:00", "08:60-09:00", "08:00"] {
            assert_eq!(wrong.parse::<OpeningHours>(), Err(PlaceError::Hours), "{wrong}");
        }
    }

    #[test]
    fn a_place_comes_back_as_it_was_written() {
        let casablanca: Position = "33.573110,-7.589843".parse().unwrap();
        assert_eq!(casablanca.to_string(), "33.573110,-7.589843");
        for wrong in ["", "33.5", "91,0", "0,181", "NaN,0", "a,b"] {
            assert_eq!(wrong.parse::<Position>(), Err(PlaceError::Position), "{wrong}");
        }
    }

    #[test]
    fn great_circles_are_as_long_as_on_the_ellipsoid() {
        let casablanca: Position = "33.573110,-7.589843".parse().unwrap();
        for (place, kilometres) in [
            ("34.020882,-6.841650", 85),    // Rabat
            ("35.759465,-5.833954", 291),   // Tanger
            ("31.629472,-7.981084", 219),   // Marrakech
            ("23.684774,-15.957980", 1366), // Dakhla
            ("33.573110,-7.589843", 0),
        ] {
            let other: Position = place.parse().unwrap();
            let metres = casablanca.metres_to(other);
            assert_eq!(metres, other.metres_to(casablanca));
            assert!(
                (i64::from(metres) - kilometres * 1000).abs() < 3_000 + kilometres * 6,
                "{place}: {metres}"
            );
        }
        let pole = Position::degrees(90.0, 0.0).unwrap();
        assert_eq!(pole.metres_to(Position::degrees(-90.0, 180.0).unwrap()), 20_015_115);
        let west = Position::degrees(10.0, -179.999).unwrap();
        assert!(west.metres_to(Position::degrees(10.0, 179.999).unwrap()) < 300, "over the date line");
    }

    #[test]
    fn six_octets_hold_a_place_to_two_metres() {
        for (latitude, longitude) in [(33.57311, -7.589843), (-90.0, -180.0), (90.0, 180.0), (0.0, 0.0)] {
            let place = Position::degrees(latitude, longitude).unwrap();
            assert!(Position::from_octets(place.to_octets()).unwrap().metres_to(place) <= 3, "{place}");
        }
        assert_eq!(Position::from_octets([0xFF; 6]), None);
    }
}
