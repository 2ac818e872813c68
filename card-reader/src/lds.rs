//! What do the files of the chip say? (ICAO 9303-10; nothing is believed here)

pub mod mrz;
