//! What do the files of the chip say? (ICAO 9303-10; nothing is believed here)

pub mod file;
pub mod mrz;
pub mod security_infos;

pub use file::ElementaryFile;
pub use mrz::Mrz;
pub use security_infos::SecurityInfos;
