//! Comparing a redirect URI with those that a client registered (RFC 9700 §2.1), and answering through it.

use std::hint::black_box;

use criterion::Criterion;
use informer_oauth_domain::redirect_uri::{RedirectMismatch, RedirectUri, VerifiedRedirect};

use crate::Group;

const LOOPBACK: &str = "http://127.0.0.1/callback";

fn registered(texts: impl IntoIterator<Item = String>) -> Vec<RedirectUri> {
    let register = |text: String| RedirectUri::register(&text, &[]).expect("the URI may be registered");
    texts.into_iter().map(register).collect()
}

fn callback(n: usize) -> String {
    format!("https://app.example.com/tenants/{n}/oauth/callback")
}

pub(crate) fn benches(criterion: &mut Criterion) {
    type Answer = Result<VerifiedRedirect, RedirectMismatch>;
    let is = |text: &str| {
        let text = text.to_owned();
        move |answer: &Answer| answer.as_ref().is_ok_and(|redirect| redirect.as_str() == text)
    };
    let mut group = Group::new(criterion, "redirect");

    let one = registered([callback(0)]);
    let presented = callback(0);
    group.bench("the only one", is(&presented), || {
        VerifiedRedirect::verify(black_box(&one), black_box(&presented), true)
    });

    let ten = registered((0..9).map(callback).chain([LOOPBACK.to_owned()]));
    let last = callback(8);
    group.bench("ninth of ten", is(&last), || {
        VerifiedRedirect::verify(black_box(&ten), black_box(&last), true)
    });
    let with_port = "http://127.0.0.1:49152/callback";
    group.bench("loopback with a port", is(with_port), || {
        VerifiedRedirect::verify(black_box(&ten), black_box(with_port), true)
    });
    let stranger = "https://app.example.com.evil.example/oauth/callback";
    group.bench(
        "none of ten",
        |answer: &Answer| *answer == Err(RedirectMismatch),
        || VerifiedRedirect::verify(black_box(&ten), black_box(stranger), true),
    );

    let redirect = VerifiedRedirect::only(&one).expect("there is one");
    let parameters = [
        ("code", "Zk3sYb0Q2mTn7dJxLw9RcVh5GpAe1UfKiOo6Ny8BtMs"),
        ("state", "af0ifjsldkj&x=1"),
        ("iss", "https://auth.example.com"),
    ];
    let is_right = |uri: &String| {
        uri.starts_with(&callback(0)) && uri.ends_with("&state=af0ifjsldkj%26x%3D1&iss=https%3A%2F%2Fauth.example.com")
    };
    group.bench("answer", is_right, || redirect.with_params(black_box(&parameters)));
}
