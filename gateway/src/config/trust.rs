//! What does the `[trust]` section say?

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::ConfigError;
use super::file::Source;

/// Trust files; re-read when they change.
#[derive(Clone, Debug)]
pub struct TrustConfig {
    /// Country signers (CSCA).
    pub csca: Vec<PathBuf>,
    /// Their revocation lists.
    pub crl: Vec<PathBuf>,
    /// The trust-store folder that `bawaba pki import` fills; it may not exist yet.
    pub store: Option<PathBuf>,
    /// How far SHA-1 is believed in what old documents carry.
    pub sha1: pki::Sha1Policy,
    /// From where more revocation lists are fetched in the background.
    pub fetch: Option<FetchConfig>,
    /// The list of cards reported lost, stolen or withdrawn.
    pub hot_list: Option<HotListConfig>,
    /// Who certifies the holders of cards; none: no PIN is ever asked for.
    pub holders: Option<HoldersConfig>,
}

/// Who certifies the holders of cards, for step-up by PIN.
#[derive(Clone, Debug)]
pub struct HoldersConfig {
    /// The authorities.
    pub ca: Vec<PathBuf>,
    /// Their revocation lists; a certificate without a fresh one is not believed.
    pub crl: Vec<PathBuf>,
    /// What a holder's certificate must be fit for.
    pub profile: pki::Profile,
}

/// From where revocation lists are fetched, never on a counter's path.
#[derive(Clone, Debug)]
pub struct FetchConfig {
    /// Only what the operator lists here; a distribution point in a certificate is never followed.
    pub sources: Vec<FetchSource>,
    /// Where what was fetched is kept over a restart.
    pub dir: PathBuf,
    /// Between two looks at a URL.
    pub period: Duration,
    /// For one whole answer.
    pub timeout: Duration,
    /// Who issued the certificates of https sources.
    pub ca: Vec<PathBuf>,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchSource {
    /// A file, or a folder of files, that somebody else writes.
    Path(PathBuf),
    /// An http or https URL.
    Url(Url),
}

/// The hot list.
#[derive(Clone, Debug)]
pub struct HotListConfig {
    /// Under whose certificate its files are signed.
    pub certificate: PathBuf,
    /// The folder of its files, `*.bwhl`.
    pub dir: PathBuf,
    /// The number of the newest file that was ever in force, so that a restart does not go back.
    pub mark: PathBuf,
}

impl FetchSource {
    /// As the operator wrote it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Url(url) => url.to_string(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrustFile {
    pub(super) csca: Spanned<Vec<Spanned<PathBuf>>>,
    pub(super) crl: Vec<Spanned<PathBuf>>,
    pub(super) store: Option<PathBuf>,
    #[serde(default)]
    pub(super) sha1: Sha1File,
    pub(super) fetch: Option<FetchFile>,
    pub(super) hot_list: Option<HotListFile>,
    #[serde(default = "none")]
    pub(super) holder_ca: Spanned<Vec<Spanned<PathBuf>>>,
    #[serde(default)]
    pub(super) holder_crl: Vec<Spanned<PathBuf>>,
    #[serde(default = "none")]
    pub(super) holder_policies: Spanned<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FetchFile {
    pub(super) sources: Vec<Spanned<String>>,
    #[serde(default = "kept")]
    pub(super) dir: PathBuf,
    #[serde(default = "hour")]
    pub(super) period_secs: Spanned<u64>,
    #[serde(default = "half_a_minute")]
    pub(super) timeout_secs: Spanned<u64>,
    #[serde(default)]
    pub(super) ca: Vec<Spanned<PathBuf>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HotListFile {
    pub(super) certificate: Spanned<PathBuf>,
    pub(super) dir: Spanned<PathBuf>,
}

/// Where SHA-1 is believed: the names of [`pki::Sha1Policy`].
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sha1File {
    #[default]
    Refuse,
    DataGroups,
    Signatures,
}

impl From<Sha1File> for pki::Sha1Policy {
    fn from(written: Sha1File) -> Self {
        match written {
            Sha1File::Refuse => Self::Refuse,
            Sha1File::DataGroups => Self::DataGroups,
            Sha1File::Signatures => Self::Signatures,
        }
    }
}

fn none<T>() -> Spanned<Vec<T>> {
    Spanned::new(0..0, Vec::new())
}

fn kept() -> PathBuf {
    PathBuf::from("trust-fetched")
}

fn hour() -> Spanned<u64> {
    Spanned::new(0..0, 3_600)
}

fn half_a_minute() -> Spanned<u64> {
    Spanned::new(0..0, 30)
}

impl Source<'_> {
    pub(super) fn fetch(&self, file: FetchFile) -> Result<FetchConfig, ConfigError> {
        let sources =
            file.sources.iter().map(|source| self.source(source)).collect::<Result<Vec<_>, ConfigError>>()?;
        let secure =
            |source: &FetchSource| matches!(source, FetchSource::Url(url) if url.scheme() == "https");
        if let (Some((first, _)), true) =
            (file.sources.iter().zip(&sources).find(|(_, source)| secure(source)), file.ca.is_empty())
        {
            let problem = format!("{:?} needs to know whose server certificate counts", first.as_ref());
            return Err(self.error(first, problem, "name the issuer's certificate in trust.fetch.ca"));
        }
        for seconds in [&file.period_secs, &file.timeout_secs] {
            if *seconds.as_ref() == 0 {
                let problem = "trust.fetch: 0 seconds".to_owned();
                return Err(self.error(seconds, problem, "set it to 1 or more"));
            }
        }
        Ok(FetchConfig {
            sources,
            dir: self.dir.join(file.dir),
            period: Duration::from_secs(*file.period_secs.as_ref()),
            timeout: Duration::from_secs(*file.timeout_secs.as_ref()),
            ca: self.all_readable("trust.fetch.ca", &file.ca)?,
        })
    }

    /// A URL where it begins as one, else a path.
    fn source(&self, text: &Spanned<String>) -> Result<FetchSource, ConfigError> {
        let given = text.as_ref();
        if !given.contains("://") {
            return Ok(FetchSource::Path(self.dir.join(given)));
        }
        match Url::parse(given) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Ok(FetchSource::Url(url))
            }
            _ => {
                let problem = format!("{given:?} is no http or https URL");
                Err(self.error(text, problem, "write http://…, https://…, or the path of a file or folder"))
            }
        }
    }

    pub(super) fn holders(
        &self,
        ca: &Spanned<Vec<Spanned<PathBuf>>>,
        crl: &[Spanned<PathBuf>],
        policies: &Spanned<Vec<String>>,
    ) -> Result<Option<HoldersConfig>, ConfigError> {
        if ca.as_ref().is_empty() {
            return Ok(None);
        }
        if crl.is_empty() {
            let problem =
                "trust.holder_ca without trust.holder_crl: no holder could ever be believed".to_owned();
            return Err(self.error(ca, problem, "name the authority's revocation list in trust.holder_crl"));
        }
        let mut profile = pki::Profile::card_holder();
        if !policies.as_ref().is_empty() {
            let dotted: Vec<&str> = policies.as_ref().iter().map(String::as_str).collect();
            profile = profile.with_policies(&dotted).map_err(|_| {
                let problem = "trust.holder_policies is not a list of certificate policies".to_owned();
                self.error(policies, problem, "write each as a dotted number, such as \"1.2.504.1.1\"")
            })?;
        }
        Ok(Some(HoldersConfig {
            ca: self.all_readable("trust.holder_ca", ca.as_ref())?,
            crl: self.all_readable("trust.holder_crl", crl)?,
            profile,
        }))
    }

    pub(super) fn hot_list(&self, file: &HotListFile, mark: &Path) -> Result<HotListConfig, ConfigError> {
        Ok(HotListConfig {
            certificate: self.readable("trust.hot_list.certificate", &file.certificate)?,
            dir: self.readable("trust.hot_list.dir", &file.dir)?,
            mark: mark.to_owned(),
        })
    }
}
