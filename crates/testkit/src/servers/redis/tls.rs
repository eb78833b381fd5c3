//! Certificates made for one test.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::program;

/// A certificate authority of its own and a certificate for 127.0.0.1, for servers and clients.
#[derive(Debug)]
pub struct TlsFiles(TempDir);

impl TlsFiles {
    pub(super) fn make() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let files = Self(folder);
        let settings = "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = test\n\
            [ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n\
            [leaf]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = IP:127.0.0.1, DNS:localhost\n\
            extendedKeyUsage = serverAuth, clientAuth\n";
        fs::write(files.path("settings"), settings).expect("a file can be written");
        let key = "ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        for arguments in [
            format!("req -x509 -config settings -extensions ca -days 2 -newkey {key} -keyout ca.key -out ca.pem"),
            format!("req -new -config settings -newkey {key} -keyout leaf.key -out leaf.csr"),
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile settings \
             -extensions leaf -out leaf.pem"
                .to_owned(),
        ] {
            let mut command = program("openssl");
            command.args(arguments.split_whitespace()).current_dir(files.0.path());
            let output = command.output().expect("openssl runs");
            assert!(
                output.status.success(),
                "openssl {arguments}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("openssl has written the file")
    }

    pub(super) fn arguments(&self) -> Vec<String> {
        [
            ("--tls-ca-cert-file", "ca.pem"),
            ("--tls-cert-file", "leaf.pem"),
            ("--tls-key-file", "leaf.key"),
        ]
        .into_iter()
        .flat_map(|(name, file)| [name.to_owned(), self.text(file)])
        .collect()
    }

    /// The authority's certificate, PEM.
    ///
    /// # Panics
    ///
    /// When the file is gone.
    pub fn roots(&self) -> Vec<u8> {
        self.read("ca.pem")
    }

    /// A certificate and its key, PEM.
    ///
    /// # Panics
    ///
    /// When the files are gone.
    pub fn certificate(&self) -> (Vec<u8>, Vec<u8>) {
        (self.read("leaf.pem"), self.read("leaf.key"))
    }
}
