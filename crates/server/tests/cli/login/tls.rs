//! Over https, the issuer's certificate is verified with what the system trusts.

use std::{fs, io::BufReader, net::TcpListener, path::Path, process::Command, sync::Arc, thread};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde_json::json;

use super::{
    fake::{device, metadata, read, write},
    login,
};

/// Runs the openssl program in a folder.
fn openssl(folder: &Path, words: &str) {
    let output = Command::new("openssl")
        .args(words.split(' '))
        .current_dir(folder)
        .output();
    let output = output.expect("the program openssl, which makes certificates for this test, is installed");
    assert!(
        output.status.success(),
        "openssl {words}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// An authority `ca.pem`, and a certificate of its for the host `localhost`.
fn certificates(folder: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    openssl(
        folder,
        &format!("req -x509 {key} -subj /CN=ca -keyout ca.key -out ca.pem"),
    );
    fs::write(
        folder.join("names"),
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    openssl(
        folder,
        &format!("req {key} -subj /CN=server -keyout server.key -out server.csr"),
    );
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
}

/// An issuer over https that allows everything at once; its port.
fn serve(folder: &Path) -> u16 {
    let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream.unwrap()));
            let base = format!("https://localhost:{port}");
            let Some((path, _)) = read(&mut stream) else { continue };
            let (status, headers, body) = match path.as_str() {
                "/device" => device(&base, 60),
                "/token" => (200, "", json!({ "access_token": "the-token", "token_type": "Bearer" })),
                _ => (200, "", metadata(&base)),
            };
            write(stream.get_mut(), status, headers, &body.to_string());
            stream.get_mut().conn.send_close_notify();
            let StreamOwned { conn, sock } = stream.get_mut();
            let _ = conn.write_tls(sock);
        }
    });
    port
}

#[test]
fn an_issuer_is_trusted_by_its_certificate_and_its_name() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let port = serve(folder.path());
    let sign_in = |host: &str, trusted: &str| {
        let mut command = login(folder.path(), &format!("https://{host}:{port}"), &[]);
        command
            .env("SSL_CERT_FILE", folder.path().join(trusted))
            .env_remove("SSL_CERT_DIR");
        command.output().unwrap()
    };
    let trusted = sign_in("localhost", "ca.pem");
    assert_eq!(crate::stdout(&trusted), "the-token\n", "{}", crate::stderr(&trusted));
    fs::write(folder.path().join("nobody.pem"), "").unwrap();
    for (host, trusted) in [("localhost", "nobody.pem"), ("127.0.0.1", "ca.pem")] {
        let refused = sign_in(host, trusted);
        assert_eq!((crate::code(&refused), crate::stdout(&refused).as_str()), (1, ""));
        let said = crate::stderr(&refused);
        assert!(
            said.contains("does not answer") && said.contains("certificate"),
            "{said}"
        );
    }
}
