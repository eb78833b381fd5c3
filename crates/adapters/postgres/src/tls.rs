//! TLS to the server, as libpq's `sslmode` words it.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What is asked of the server's certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verification {
    /// Nothing: the connection is encrypted, with whoever answers.
    Nothing,
    /// That an authority that is trusted issued it.
    Authority,
    /// That, and that it names the host that was connected to.
    AuthorityAndHost,
}

/// Where trusted authorities come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Roots {
    /// The system's store.
    System,
    /// A PEM file.
    File(String),
}

/// A maker of TLS connections. Reads the roots, where they matter.
pub(crate) fn connector(verification: Verification, roots: &Roots) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = match verification {
        Verification::AuthorityAndHost => builder.with_root_certificates(read(roots)?),
        Verification::Authority => {
            let roots = Some(read(roots)?);
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyHost { roots, provider }))
        }
        Verification::Nothing => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyHost { roots: None, provider })),
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn read(roots: &Roots) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    let from = match roots {
        Roots::System => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            "the system's store"
        }
        Roots::File(path) => {
            let unreadable = |error| format!("cannot read the certificates in {path}: {error}");
            for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
                store
                    .add(certificate.map_err(unreadable)?)
                    .map_err(|error| format!("a certificate in {path} is unusable: {error}"))?;
            }
            path
        }
    };
    if store.is_empty() {
        return Err(format!("there are no certificates in {from}"));
    }
    Ok(store)
}

/// Takes a certificate for any host: from one of `roots`, or from anybody. Either way the server must hold its key.
#[derive(Debug)]
struct AnyHost {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate =
                ParsedCertificate::try_from(end_entity).map_err(|_| Error::from(CertificateError::BadEncoding))?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
