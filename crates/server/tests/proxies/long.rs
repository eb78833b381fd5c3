//! The longest `state` (RFC 6749 §4.1.1) in its longest form fits through.

use crate::{
    behind_each,
    site::Site,
    support::{Request, form_encoded},
};

/// Two KiB, of which each byte is escaped.
fn worst() -> [String; 2] {
    ["\u{e9}".repeat(1024), "\"".repeat(2048)]
}

fn a_state_of_two_kib_comes_back(site: &Site) {
    let client = site.world.public_client();
    let redirect_uri = &client.redirect_uri;
    for state in worst() {
        let ask = |response_type: &str| {
            form_encoded(&[
                ("response_type", response_type),
                ("client_id", client.client_id.as_str()),
                ("redirect_uri", redirect_uri.as_str()),
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                ("code_challenge_method", "S256"),
                ("scope", "read:profile"),
                ("state", state.as_str()),
            ])
        };
        // Back to the client at once.
        let (answer, _) = site.send(Request::get(format!("/oauth/authorize?{}", ask("token"))));
        assert!(answer.status == 302 || answer.status == 303, "{answer}");
        assert!(answer.header("location").unwrap().len() > 6000);
        assert_eq!(answer.redirected().get("state").as_deref(), Some(state.as_str()));
        // By way of the sign-in page.
        let (answer, _) = site.send(Request::get(format!("/oauth/authorize?{}", ask("code"))));
        assert!(answer.status == 302 || answer.status == 303, "{answer}");
        let sign_in = answer.location();
        let target = &sign_in[url::Position::BeforePath..];
        let (page, _) = site.send(Request::get(target));
        assert_eq!(page.status, 200, "{page}");
    }
}

behind_each!(a_state_of_two_kib_comes_back);
