//! Reading the bodies of token and introspection requests.

use std::hint::black_box;

use criterion::Criterion;
use informer_oauth_domain::parameters::Parameters;
use informer_oauth_testkit::values::client_id;
use informer_oauth_web::parameters::{from_form, from_json};

use crate::{
    Group,
    tokens::{access_token, refresh_token},
};

/// As the endpoints have it: decoded, and no parameter twice.
fn form(body: &str) -> Option<Parameters> {
    from_form(body.as_bytes())
        .ok()
        .filter(|read| read.check_not_repeated().is_ok())
}

fn json(body: &str) -> Option<Parameters> {
    from_json(body.as_bytes())
        .ok()
        .filter(|read| read.check_not_repeated().is_ok())
}

/// Whether a body was read as so many parameters, the last of them this one.
fn ends(count: usize, name: &str, value: &str) -> impl Fn(&Option<Parameters>) -> bool {
    let last = (name.to_owned(), value.to_owned());
    move |read| {
        let pairs = read.as_ref().map(Parameters::pairs).unwrap_or_default();
        pairs.len() == count && pairs.last() == Some(&last)
    }
}

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = Group::new(criterion, "form");
    let client = client_id(1).to_string();

    let token = refresh_token();
    let body = format!(
        "grant_type=refresh_token&client_id={client}&refresh_token={}",
        token.expose()
    );
    let is_right = ends(3, "refresh_token", token.expose());
    group.bench("refresh", is_right, || form(black_box(&body)));
    let body = format!(
        r#"{{"grant_type":"refresh_token","client_id":"{client}","refresh_token":"{}"}}"#,
        token.expose()
    );
    let is_right = ends(3, "refresh_token", token.expose());
    group.bench("refresh, as JSON", is_right, || json(black_box(&body)));

    let body = format!(
        "grant_type=authorization_code&client_id={client}&code=Zk3sYb0Q2mTn7dJxLw9RcVh5GpAe1UfKiOo6Ny8BtMs\
         &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Foauth%2Fcallback%3Ftenant%3Db%25C3%25BCro"
    );
    let is_right = ends(
        5,
        "redirect_uri",
        "https://app.example.com/oauth/callback?tenant=b%C3%BCro",
    );
    group.bench("code", is_right, || form(black_box(&body)));

    let token = access_token();
    let body = format!("token_type_hint=access_token&token={}", token.expose());
    let is_right = ends(2, "token", token.expose());
    group.bench("introspection", is_right, || form(black_box(&body)));
}
