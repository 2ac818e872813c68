//! How do files become lines, and how is a file known again after an interruption?

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use aws_lc_rs::digest;
use flate2::bufread::MultiGzDecoder;
use zeroize::Zeroizing;

use super::csv::{Header, HeaderError};
use super::{Format, ImportError};
use crate::limits::import::{IMPORT_BLOCK_BYTES, IMPORT_BLOCK_LINES, IMPORT_LINE_BYTES};

/// Octets of a file's beginning by which it is known again.
const FINGERPRINTED: u64 = 64 << 10;
/// RFC 1952 §2.3.1.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What makes a file the same file at the next start (*identité du fichier*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) path: String,
    pub(super) size: i64,
    /// Nanoseconds since 1970.
    pub(super) modified: i64,
    /// SHA-256 of the first 64 KiB, hex.
    pub(super) fingerprint: String,
}

impl Identity {
    /// Standard input (`-`) and pipes have no size and are never the same again.
    pub(super) fn of(path: &Path) -> Result<Self, ImportError> {
        let name = path.display().to_string();
        let stream = Self { path: name.clone(), size: -1, modified: 0, fingerprint: String::new() };
        if is_standard_input(path) {
            return Ok(stream);
        }
        let unreadable = |error| ImportError::File { path: path.to_owned(), error };
        let facts = std::fs::metadata(path).map_err(unreadable)?;
        if !facts.is_file() {
            return Ok(stream);
        }
        let file = File::open(path).map_err(unreadable)?;
        let mut beginning = Zeroizing::new(Vec::new());
        file.take(FINGERPRINTED).read_to_end(&mut beginning).map_err(unreadable)?;
        let modified = facts.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(Self {
            path: name,
            size: i64::try_from(facts.len()).unwrap_or(i64::MAX),
            modified: modified.and_then(|at| i64::try_from(at.as_nanos()).ok()).unwrap_or_default(),
            fingerprint: hex::encode(digest::digest(&digest::SHA256, &beginning)),
        })
    }
}

pub(super) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// How the lines of a file are to be read.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Fhir,
    Csv(Header),
}

/// An opened file, read in blocks of lines (*source*).
pub(super) struct Source {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    pub(super) shape: Shape,
    /// Whether its octets are fewer than those of its text.
    pub(super) zipped: bool,
    /// Octets of text before the next line, after decompression.
    offset: u64,
    /// The number of the next line, from 1.
    line: u64,
}

/// Lines of one file, one after the other (*bloc*).
pub(super) struct Block {
    pub(super) shape: Shape,
    pub(super) first_line: u64,
    /// Where each ends, and where the next begins; none for one that was too long to keep.
    pub(super) lines: Vec<Option<std::ops::Range<usize>>>,
    pub(super) text: Zeroizing<Vec<u8>>,
    /// Octets of text up to the end of this block.
    pub(super) offset: u64,
}

impl Block {
    /// The text of a line; an empty one for a line of nothing.
    pub(super) fn line(&self, number: usize) -> Option<&[u8]> {
        self.lines.get(number)?.clone().and_then(|range| self.text.get(range))
    }
}

impl Source {
    /// Opens a file and goes to where reading stopped: after `offset` octets of text, `lines` lines.
    pub(super) fn open(
        path: &Path,
        format: Option<Format>,
        offset: u64,
        lines: u64,
    ) -> Result<Self, ImportError> {
        let unreadable = |error| ImportError::File { path: path.to_owned(), error };
        let plain: Box<dyn BufRead + Send> = if is_standard_input(path) {
            Box::new(BufReader::with_capacity(256 << 10, io::stdin()))
        } else {
            Box::new(BufReader::with_capacity(256 << 10, File::open(path).map_err(unreadable)?))
        };
        let mut source = Self {
            path: path.to_owned(),
            reader: plain,
            shape: Shape::Fhir,
            zipped: false,
            offset: 0,
            line: 1,
        };
        source.zipped = source.reader.fill_buf().map_err(unreadable)?.starts_with(&GZIP_MAGIC);
        if source.zipped {
            let decoder = MultiGzDecoder::new(source.reader);
            source.reader = Box::new(BufReader::with_capacity(256 << 10, decoder));
        }
        if source.reader.fill_buf().map_err(unreadable)?.starts_with(b"\xef\xbb\xbf") {
            source.reader.consume(3);
            source.offset = 3;
        }
        if format.unwrap_or_else(|| Format::of(path)) == Format::Csv {
            let mut line = Vec::new();
            let whole = source.read_line(&mut line).map_err(unreadable)?;
            let header = whole.filter(|&end| end > 0).and_then(|end| line.get(..end));
            let header = header.ok_or(HeaderError::NotCsv).and_then(Header::parse);
            source.shape =
                Shape::Csv(header.map_err(|error| ImportError::Header { path: path.to_owned(), error })?);
        }
        source.skip_to(offset, lines).map_err(unreadable)?;
        Ok(source)
    }

    fn skip_to(&mut self, offset: u64, lines: u64) -> io::Result<()> {
        let Some(ahead) = offset.checked_sub(self.offset).filter(|ahead| *ahead > 0) else {
            return Ok(());
        };
        if self.zipped || is_standard_input(&self.path) {
            io::copy(&mut (&mut self.reader).take(ahead), &mut io::sink())?;
        } else {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(offset))?;
            self.reader = Box::new(BufReader::with_capacity(256 << 10, file));
        }
        (self.offset, self.line) = (offset, lines + 1);
        Ok(())
    }

    /// The next lines, as many as a block holds; none at the end of the file.
    pub(super) fn block(&mut self) -> Result<Option<Block>, ImportError> {
        let mut block = Block {
            shape: self.shape.clone(),
            first_line: self.line,
            lines: Vec::with_capacity(IMPORT_BLOCK_LINES),
            text: Zeroizing::new(Vec::with_capacity(64 << 10)),
            offset: self.offset,
        };
        while block.lines.len() < IMPORT_BLOCK_LINES && block.text.len() < IMPORT_BLOCK_BYTES {
            let (start, before) = (block.text.len(), self.offset);
            let end = self
                .read_line(&mut block.text)
                .map_err(|error| ImportError::File { path: self.path.clone(), error })?;
            if self.offset == before {
                break;
            }
            block.lines.push(end.map(|end| start..end));
        }
        block.offset = self.offset;
        Ok((!block.lines.is_empty()).then_some(block))
    }

    /// Appends one line to `text` and says where it ends there, without its line break; none if it is too long,
    /// and then nothing of it was kept.
    fn read_line(&mut self, text: &mut Vec<u8>) -> io::Result<Option<usize>> {
        let start = text.len();
        let bound = IMPORT_LINE_BYTES as u64 + 1;
        let read = (&mut self.reader).take(bound).read_until(b'\n', text)?;
        self.offset += read as u64;
        if read == 0 {
            return Ok(Some(start));
        }
        self.line += 1;
        let ended = text.last() == Some(&b'\n');
        if !ended && read as u64 == bound {
            text.truncate(start);
            self.offset += self.reader.skip_until(b'\n')? as u64;
            return Ok(None);
        }
        let mut end = text.len() - usize::from(ended);
        if end > start && text.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        Ok(Some(end))
    }
}
