//! TLS, by `sslmode`.

use std::{fs, path::Path, process::Command};

use informer_oauth_postgres::{ConnectError, Postgres};
use informer_oauth_testkit::{run, servers::ThrowawayPostgres};
use tempfile::TempDir;

use crate::support::patient;

/// Runs the openssl program in a folder.
fn openssl(folder: &Path, words: &str) {
    let output = Command::new("openssl")
        .args(words.split(' '))
        .current_dir(folder)
        .output()
        .expect("the program openssl, which makes certificates for this test, is installed");
    assert!(
        output.status.success(),
        "openssl {words}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Authorities `ca.pem` and `other.pem`, and a certificate of the first for the host `localhost`.
fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    for authority in ["ca", "other"] {
        openssl(
            at,
            &format!("req -x509 {key} -subj /CN={authority} -keyout {authority}.key -out {authority}.pem"),
        );
    }
    fs::write(
        at.join("names"),
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    openssl(
        at,
        &format!("req {key} -subj /CN=server -keyout server.key -out server.csr"),
    );
    openssl(
        at,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
    folder
}

/// Connects as ada, who needs TLS and a password, and says whether it could be done.
async fn connect(server: &ThrowawayPostgres, host: &str, parameters: &str) -> Result<Vec<String>, ConnectError> {
    let url = server.url("postgres");
    let (base, _) = url.split_once('?').unwrap();
    let base = base.replace("postgres@127.0.0.1", &format!("ada:open%20sesame@{host}"));
    Postgres::pending_migrations(&patient(&format!("{base}?{parameters}"))).await
}

#[test]
fn each_sslmode_verifies_what_it_says() {
    run(async {
        let folder = certificates();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let admission = b"host all postgres 127.0.0.1/32 trust\nhostssl all ada all scram-sha-256\n";
        let server = ThrowawayPostgres::start_with(
            &[
                ("ssl", "on"),
                ("ssl_cert_file", "server.pem"),
                ("ssl_key_file", "server.key"),
                ("password_encryption", "scram-sha-256"),
            ],
            &[
                ("server.pem", read("server.pem")),
                ("server.key", read("server.key")),
                ("pg_hba.conf", admission.to_vec()),
            ],
        );
        server.sql("postgres", "CREATE ROLE ada LOGIN PASSWORD 'open sesame'");
        let ca = format!("sslrootcert={}", folder.path().join("ca.pem").display());
        let other = format!("sslrootcert={}", folder.path().join("other.pem").display());

        for (host, parameters) in [
            ("localhost", format!("sslmode=verify-full&{ca}")),
            ("127.0.0.1", format!("sslmode=verify-ca&{ca}")),
            ("127.0.0.1", format!("sslmode=require&{ca}")),
            ("127.0.0.1", "sslmode=require".to_owned()),
            ("127.0.0.1", "sslmode=require&channel_binding=require".to_owned()),
            ("127.0.0.1", "sslmode=prefer".to_owned()),
            ("127.0.0.1", String::new()),
        ] {
            let connected = connect(&server, host, &parameters).await;
            assert!(connected.is_ok(), "{host} {parameters}: {connected:?}");
        }
        for (host, parameters) in [
            ("127.0.0.1", format!("sslmode=verify-full&{ca}")),
            ("localhost", format!("sslmode=verify-full&{other}")),
            ("localhost", format!("sslmode=verify-ca&{other}")),
            ("localhost", format!("sslmode=require&{other}")),
            ("localhost", "sslmode=verify-full&sslrootcert=system".to_owned()),
            ("localhost", "sslmode=disable".to_owned()),
        ] {
            let connected = connect(&server, host, &parameters).await;
            assert!(
                matches!(connected, Err(ConnectError::Unreachable(_))),
                "{host} {parameters}: {connected:?}"
            );
        }
    });
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_required() {
    run(async {
        let database = ThrowawayPostgres::shared().database();
        let url = database.url();
        let (base, _) = url.split_once('?').unwrap_or((&url, ""));
        let connect =
            async |mode: &str| Postgres::pending_migrations(&patient(&format!("{base}?sslmode={mode}"))).await;
        let refused = connect("require").await.unwrap_err();
        assert!(refused.to_string().contains("TLS"), "{refused}");
        for mode in ["prefer", "disable"] {
            assert!(connect(mode).await.is_ok(), "{mode}");
        }
    });
}
