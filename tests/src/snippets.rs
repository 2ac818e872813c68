//! The README's quick start: each snippet is taken out of the README as it stands there, and run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::harness::Harness;
use crate::{program, source};

/// What the README calls the gateway; its only word that is replaced.
const ISSUER: &str = "https://bawaba.example.ma:8441";

/// Debian's own Python: another one on the path does not see Debian's libraries.
const PYTHON: &str = "/usr/bin/python3";

/// Where Debian keeps Go and Java libraries.
const GO_LIBRARIES: &str = "/usr/share/gocode";
const JAVA_LIBRARIES: [&str; 3] = [
    "/usr/share/java/jackson-core.jar",
    "/usr/share/java/jackson-databind.jar",
    "/usr/share/java/jackson-annotations.jar",
];

/// A language and its library, as the README heads the snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Python with PyJWT.
    PyJwt,
    /// Python with Authlib.
    Authlib,
    /// JavaScript with jose.
    Jose,
    /// Go with go-oidc.
    GoOidc,
    /// Java with what the JDK has.
    Java,
}

/// A snippet that runs and waits for tokens (*vérificateur d'autrui*).
pub struct Snippet {
    /// Which.
    pub library: Library,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    _folder: tempfile::TempDir,
}

/// The code under a heading of the README.
pub fn code(heading: &str) -> String {
    let readme = source::read("README.md");
    let from = readme
        .split(&format!("**{heading}**"))
        .nth(1)
        .unwrap_or_else(|| panic!("no {heading} in the README"));
    let fenced = from.split("```").nth(1).expect("a fenced block");
    fenced.split_once('\n').expect("a language, then code").1.to_owned()
}

impl Library {
    /// All of them that are programs of their own.
    pub const ALL: [Self; 5] = [Self::PyJwt, Self::Authlib, Self::Jose, Self::GoOidc, Self::Java];

    /// The heading in the README.
    pub fn heading(self) -> &'static str {
        match self {
            Self::PyJwt => "Python, PyJWT",
            Self::Authlib => "Python, Authlib",
            Self::Jose => "JavaScript, jose",
            Self::GoOidc => "Go, go-oidc",
            Self::Java => "Java",
        }
    }

    /// What is missing here to run it.
    fn missing(self) -> Option<&'static str> {
        let runs = |program: &str, words: &[&str]| {
            let ran = Command::new(program).args(words).stdout(Stdio::null()).stderr(Stdio::null()).status();
            ran.is_ok_and(|status| status.success())
        };
        let there = match self {
            Self::PyJwt => runs(PYTHON, &["-c", "import jwt"]),
            Self::Authlib => runs(PYTHON, &["-c", "import authlib.jose"]),
            Self::Jose => runs("node", &["--version"]) && node_modules().join("jose").exists(),
            Self::GoOidc => {
                runs("go", &["version"])
                    && Path::new(GO_LIBRARIES).join("src/github.com/coreos/go-oidc").exists()
            }
            Self::Java => {
                runs("java", &["--version"]) && JAVA_LIBRARIES.iter().all(|jar| Path::new(jar).exists())
            }
        };
        (!there).then_some(match self {
            Self::PyJwt => "python3-jwt",
            Self::Authlib => "python3-authlib",
            Self::Jose => "node, or jose from npm (make setup-npm),",
            Self::GoOidc => "go, or golang-github-coreos-go-oidc-dev,",
            Self::Java => "a JDK, or libjackson2-databind-java,",
        })
    }

    /// The snippet as a whole program: it answers each line of its input with `good` or what is wrong. `later N` moves
    /// the clock by which the library forgets keys.
    fn program(self, code: &str) -> String {
        match self {
            Self::PyJwt | Self::Authlib => format!("{code}\n{PYTHON_DRIVER}"),
            Self::Jose => format!("{code}\n{NODE_DRIVER}"),
            Self::GoOidc => format!("{GO_HEAD}\n{code}\n{GO_DRIVER}"),
            Self::Java => format!("{JAVA_HEAD}\n{code}\n{JAVA_DRIVER}"),
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::PyJwt | Self::Authlib => "snippet.py",
            Self::Jose => "snippet.mjs",
            Self::GoOidc => "snippet.go",
            Self::Java => "Snippet.java",
        }
    }

    fn command(self, folder: &Path, authority: &Path) -> Command {
        let file = folder.join(self.file());
        match self {
            Self::PyJwt | Self::Authlib => {
                let mut command = Command::new(PYTHON);
                command.arg(file).env("SSL_CERT_FILE", authority);
                command
            }
            Self::Jose => {
                std::os::unix::fs::symlink(node_modules(), folder.join("node_modules"))
                    .expect("a writable folder");
                let mut command = Command::new("node");
                // Node.js 18 has no global Web Crypto without it; later ones take no notice.
                command
                    .arg("--experimental-global-webcrypto")
                    .arg(file)
                    .env("NODE_EXTRA_CA_CERTS", authority);
                command
            }
            Self::GoOidc => {
                let built = folder.join("snippet");
                let status = Command::new("go")
                    .args(["build", "-o"])
                    .args([&built, &file])
                    .envs([("GO111MODULE", "off"), ("GOPATH", GO_LIBRARIES), ("GOFLAGS", "")])
                    .env("GOCACHE", target().join("go-cache"))
                    .status();
                assert!(status.expect("go").success(), "the README's Go does not compile");
                let mut command = Command::new(built);
                command.env("SSL_CERT_FILE", authority);
                command
            }
            Self::Java => {
                let store = folder.join("authority.p12");
                let imported = Command::new("keytool")
                    .args(["-importcert", "-noprompt", "-alias", "ca", "-storepass", "changeit", "-file"])
                    .arg(authority)
                    .arg("-keystore")
                    .arg(&store)
                    .stderr(Stdio::null())
                    .status();
                assert!(imported.expect("keytool").success());
                let mut command = Command::new("java");
                command.args(["-cp", &JAVA_LIBRARIES.join(":")]);
                command.arg(format!("-Djavax.net.ssl.trustStore={}", store.display()));
                command.arg("-Djavax.net.ssl.trustStorePassword=changeit").arg(file);
                command
            }
        }
    }
}

impl Snippet {
    /// Starts it against this gateway; none where its library is not installed, which is said.
    pub fn start(library: Library, town: &Harness) -> Option<Self> {
        if let Some(missing) = library.missing() {
            eprintln!("skipped: {missing} is not installed: {} of the quick start", library.heading());
            return None;
        }
        let issuer = format!("https://localhost:{}", town.public_port.port());
        let code = code(library.heading());
        assert!(code.contains(ISSUER), "the snippet names its gateway");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = library.program(&code.replace(ISSUER, &issuer));
        std::fs::write(folder.path().join(library.file()), program).expect("a writable folder");
        let mut command = library.command(folder.path(), &town.files.ca_certificate());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
        let (to, from) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Some(Self { library, child, to, from: BufReader::new(from), _folder: folder })
    }

    /// What it says of a token. The caller's runtime must have more than one thread: keys are asked for meanwhile.
    pub fn check(&mut self, token: &str) -> Result<(), String> {
        let said = self.say(token);
        if said == "good" { Ok(()) } else { Err(said) }
    }

    /// Lets its library believe that so many seconds have passed since it fetched the keys.
    pub fn later(&mut self, seconds: u32) {
        assert_eq!(self.say(&format!("later {seconds}")), "later");
    }

    fn say(&mut self, line: &str) -> String {
        writeln!(self.to, "{line}").expect("the program listens");
        let mut said = String::new();
        self.from.read_line(&mut said).expect("the program answers");
        said.trim().to_owned()
    }
}

impl Drop for Snippet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn target() -> PathBuf {
    program::path("bawaba").ancestors().nth(2).expect("target/<profile>/bawaba").to_owned()
}

/// Where `make setup-npm` puts libraries.
pub fn node_modules() -> PathBuf {
    target().join("npm/node_modules")
}

const PYTHON_DRIVER: &str = r#"
import sys, time as _time
def _later(seconds):
    class Clock:
        monotonic = staticmethod(lambda: _time.monotonic() + seconds)
    jwt.jwk_set_cache.time = jwt.api_jwk.time = Clock
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    try:
        if word == "later":
            _later(int(rest))
            print("later", flush=True)
        else:
            check(word)
            print("good", flush=True)
    except Exception as error:
        print(type(error).__name__, str(error).replace("\n", " "), flush=True)
"#;

const NODE_DRIVER: &str = r#"
import { createInterface } from 'node:readline'
const now = Date.now
for await (const line of createInterface({ input: process.stdin })) {
  const [word, rest] = line.split(' ')
  if (word === 'later') { Date.now = () => now() + Number(rest) * 1000; console.log('later'); continue }
  try { await check(word); console.log('good') } catch (error) { console.log(error.code ?? error.name, error.message.replaceAll('\n', ' ')) }
}
"#;

const GO_HEAD: &str = r#"package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/coreos/go-oidc"
)
"#;

const GO_DRIVER: &str = r#"
func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if _, err := check(context.Background(), lines.Text()); err != nil {
			fmt.Println("refused", err)
		} else {
			fmt.Println("good")
		}
	}
}
"#;

const JAVA_HEAD: &str = "import com.fasterxml.jackson.databind.*;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.*;
import java.security.*;
import java.security.spec.*;
import java.time.Instant;
import java.util.*;
import java.util.stream.StreamSupport;

class Snippet {";

const JAVA_DRIVER: &str = r#"
    public static void main(String[] words) throws Exception {
        var ask = HttpRequest.newBuilder(URI.create(ISSUER + "/.well-known/jwks.json")).build();
        var keys = new ObjectMapper().readTree(HttpClient.newHttpClient().send(ask, HttpResponse.BodyHandlers.ofString()).body());
        var lines = new Scanner(System.in);
        while (lines.hasNextLine()) {
            try { check(lines.nextLine(), keys); System.out.println("good"); }
            catch (Exception error) { System.out.println(error.toString().replace('\n', ' ')); }
        }
    }
}
"#;
