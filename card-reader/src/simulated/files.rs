//! Which bytes does READ BINARY give, and which file is meant?

use std::collections::BTreeMap;

use crate::apdu::{CommandApdu, ResponseApdu, StatusWord};
use crate::lds::ElementaryFile;
use crate::lds::file::APPLICATION;

/// The most plain bytes whose secured form fits a short answer.
const SHORT_SECURED: u32 = 223;

/// What is selected on the chip (sélection). EF.SOD and EF.CardSecurity share an identifier: the application decides which is meant.
#[derive(Debug, Default)]
pub(super) struct Selection {
    application: bool,
    file: Option<ElementaryFile>,
}

/// The files and what is selected among them.
pub(super) struct Files {
    contents: BTreeMap<ElementaryFile, Vec<u8>>,
    selection: Selection,
}

impl Files {
    pub(super) fn new(contents: BTreeMap<ElementaryFile, Vec<u8>>) -> Self {
        Self { contents, selection: Selection::default() }
    }

    /// After power-on the master file is selected.
    pub(super) fn reset(&mut self) {
        self.selection = Selection::default();
    }

    /// SELECT by application name, by file identifier, or of the master file.
    pub(super) fn select(&mut self, command: &CommandApdu, authenticated: bool) -> ResponseApdu {
        let sw = match (command.p1(), command.data()) {
            (0x04, name) if name == APPLICATION => {
                if !authenticated {
                    return ResponseApdu::status(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
                }
                self.selection = Selection { application: true, file: None };
                StatusWord::OK
            }
            (0x04, _) => StatusWord::FILE_NOT_FOUND,
            (0x00, [] | [0x3f, 0x00]) => {
                self.selection = Selection::default();
                StatusWord::OK
            }
            (0x00 | 0x02, &[high, low]) => {
                let id = u16::from_be_bytes([high, low]);
                let found = self.find(|file| file.id() == id);
                self.selection.file = found.or(self.selection.file);
                if found.is_some() { StatusWord::OK } else { StatusWord::FILE_NOT_FOUND }
            }
            _ => StatusWord::WRONG_PARAMETERS,
        };
        ResponseApdu::status(sw)
    }

    /// READ BINARY, by short file identifier or from the selected file. Reading by identifier selects.
    pub(super) fn read(
        &mut self,
        command: &CommandApdu,
        authenticated: bool,
        most: Option<u16>,
    ) -> ResponseApdu {
        let (file, offset) = if command.p1() & 0x80 != 0 {
            (self.find(|file| file.short_id() == command.p1() & 0x1f), usize::from(command.p2()))
        } else {
            (self.selection.file, usize::from(u16::from_be_bytes([command.p1(), command.p2()])))
        };
        let refused = |sw| ResponseApdu::status(sw);
        let Some(file) = file else { return refused(StatusWord::FILE_NOT_FOUND) };
        if !authenticated && file != ElementaryFile::CardAccess {
            return refused(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        let Some(le) = command.le() else { return refused(StatusWord::WRONG_LENGTH) };
        if authenticated && most.is_some_and(|most| le > u32::from(most)) {
            return refused(StatusWord::WRONG_LENGTH);
        }
        self.selection.file = Some(file);
        let content = self.contents.get(&file).map(Vec::as_slice).unwrap_or_default();
        let Some(rest) = content.get(offset..).filter(|rest| !rest.is_empty()) else {
            return refused(StatusWord::OFFSET_BEYOND_END);
        };
        let wanted = usize::try_from(le).unwrap_or(usize::MAX);
        let sw = if wanted > rest.len() { StatusWord::END_OF_FILE } else { StatusWord::OK };
        ResponseApdu { data: rest.get(..wanted.min(rest.len())).unwrap_or_default().to_vec(), sw }
    }

    /// A file of what is selected: EF.CardAccess in the master file, the others in the application.
    fn find(&self, is_meant: impl Fn(ElementaryFile) -> bool) -> Option<ElementaryFile> {
        let in_application =
            |file: &ElementaryFile| (*file != ElementaryFile::CardAccess) == self.selection.application;
        self.contents.keys().copied().filter(in_application).find(|file| is_meant(*file))
    }
}

/// A short secured answer holds less than the Le inside may say: the chip gives what fits.
pub(super) fn limited(plain: CommandApdu, outer: &CommandApdu) -> CommandApdu {
    match plain.le() {
        Some(le) if !outer.is_extended() => plain.expecting(le.min(SHORT_SECURED)),
        _ => plain,
    }
}
