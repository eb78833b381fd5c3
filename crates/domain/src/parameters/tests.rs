#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    pairs.iter().copied().collect()
}

#[test]
fn a_value_is_found_by_its_exact_name() {
    let given = parameters(&[("scope", "read:dataset"), ("Scope", "other")]);
    assert_eq!(given.get("scope").unwrap(), Some("read:dataset"));
    assert_eq!(given.get("state").unwrap(), None);
    assert!(given.contains("Scope") && !given.contains("state"));
}

#[test]
fn an_empty_value_counts_as_omitted_but_is_there() {
    let given = parameters(&[("scope", "")]);
    assert_eq!(given.get("scope").unwrap(), None);
    assert!(given.contains("scope"));
}

#[test]
fn a_repeated_parameter_is_an_invalid_request_even_when_one_is_empty() {
    for second in ["a", "b", ""] {
        let given = parameters(&[("scope", "a"), ("state", "s"), ("scope", second)]);
        assert_eq!(given.get("scope").unwrap_err().code, ErrorCode::InvalidRequest);
        assert_eq!(given.check_not_repeated().unwrap_err().code, ErrorCode::InvalidRequest);
        assert_eq!(given.get("state").unwrap(), Some("s"));
    }
    assert!(parameters(&[("a", "1"), ("b", "1")]).check_not_repeated().is_ok());
    let described = parameters(&[("code", "1"), ("code", "2")])
        .check_not_repeated()
        .unwrap_err();
    assert_eq!(described.description, "A parameter is given more than once: code");
    assert!(Parameters::default().check_not_repeated().is_ok());
}

#[test]
fn unknown_parameters_may_be_repeated() {
    let given = parameters(&[("utm", "1"), ("utm", "2"), ("nonce", "n"), ("nonce", "n")]);
    assert_eq!(given.check_not_repeated(), Ok(()));
}

#[test]
fn resource_may_be_repeated_with_one_meaning() {
    let resources = |values: [&str; 2]| parameters(&values.map(|value| ("resource", value)));
    let same = resources(["https://bi.example.com", "HTTPS://bi.example.com:443/"]);
    assert_eq!(same.get("resource").unwrap(), Some("https://bi.example.com"));
    assert_eq!(same.check_not_repeated(), Ok(()));
    for different in [["https://a.example", "https://b.example"], ["", "https://a.example"]] {
        let given = resources(different);
        assert_eq!(given.get("resource").unwrap_err().code, ErrorCode::InvalidTarget);
        assert_eq!(given.check_not_repeated().unwrap_err().code, ErrorCode::InvalidTarget);
    }
}

#[test]
fn the_pairs_stay_in_the_order_in_which_they_came() {
    let given = parameters(&[("b", "2"), ("a", "1"), ("b", "3")]);
    let names: Vec<&str> = given.pairs().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["b", "a", "b"]);
}

#[test]
fn debug_output_shows_names_only() {
    let shown = format!("{:?}", parameters(&[("client_secret", "hunter2"), ("code", "xyz")]));
    assert_eq!(shown, r#"{"client_secret", "code"}"#);
}
