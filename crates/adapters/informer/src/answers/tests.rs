use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn settings() -> InformerSettings {
    InformerSettings::new("http://127.0.0.1")
}

fn read_session(document: &Value) -> Result<Option<String>, String> {
    session(document.to_string().as_bytes(), None, NOW).map(|live| live.map(|live| live.username))
}

fn live() -> Value {
    json!({
        "id": "1", "username": "ada", "active": true, "expiresAt": (NOW + std::time::Duration::from_secs(1)).to_string(),
        "user": {"username": "ada", "displayName": "Ada", "email": "ada@example.com", "permissions": ["a"]},
    })
}

fn with(mut document: Value, field: &str, value: Value) -> Value {
    document[field] = value;
    document
}

fn without(mut document: Value, field: &str) -> Value {
    document.as_object_mut().into_iter().for_each(|fields| {
        fields.remove(field);
    });
    document
}

#[test]
fn a_session_is_live_when_it_is_active_and_not_over() {
    let soon = (NOW.as_micros() / 1000) + 1;
    for document in [
        live(),
        with(live(), "expiresAt", json!(soon)),
        without(live(), "user"),
        with(live(), "user", json!({})),
        with(live(), "more", json!([1])),
    ] {
        assert_eq!(read_session(&document), Ok(Some("ada".into())), "{document}");
    }
    for document in [
        with(live(), "active", json!(false)),
        with(live(), "expiresAt", json!(NOW.to_string())),
        with(live(), "expiresAt", json!(soon - 1)),
        with(live(), "expiresAt", json!("1999-01-01T00:00:00Z")),
    ] {
        assert_eq!(read_session(&document), Ok(None), "{document}");
    }
}

#[test]
fn a_session_of_another_form_is_no_answer() {
    for document in [
        json!(null),
        json!([]),
        json!({}),
        without(live(), "username"),
        without(live(), "active"),
        without(live(), "expiresAt"),
        with(live(), "username", json!(7)),
        with(live(), "username", json!("")),
        with(live(), "username", json!("..")),
        with(live(), "username", json!("a\r\nb")),
        with(live(), "username", json!("x".repeat(257))),
        with(live(), "active", json!("true")),
        with(live(), "active", json!(1)),
        with(live(), "active", json!(null)),
        with(live(), "expiresAt", json!(null)),
        with(live(), "expiresAt", json!("tomorrow")),
        with(live(), "expiresAt", json!(1.5e300)),
        with(live(), "expiresAt", json!(i64::MAX)),
        with(live(), "user", json!({"username": "admin"})),
        with(live(), "user", json!("ada")),
    ] {
        assert!(read_session(&document).is_err(), "{document}");
    }
    assert!(session(b"<html>", None, NOW).is_err());
    assert!(session(b"", None, NOW).is_err());
}

fn ada() -> Value {
    json!({
        "username": "ada", "displayName": "Ada", "email": null, "enabled": true, "locked": false, "superuser": true,
        "domain": "local", "tokenApi": false,
    })
}

fn read_user(document: &Value, settings: &InformerSettings) -> Result<Option<User>, String> {
    user(document.to_string().as_bytes(), "ada", settings)
}

#[test]
fn a_user_has_what_the_pointers_lead_to() {
    let mut settings = settings();
    let flags = |settings: &InformerSettings, document: &Value| {
        read_user(document, settings).map(|user| user.map(|user| (user.superuser, user.token_api)))
    };
    assert_eq!(flags(&settings, &ada()), Ok(Some((true, true))), "the feature's switch");
    settings.token_api_pointer = Some("/tokenApi".into());
    assert_eq!(flags(&settings, &ada()), Ok(Some((true, false))));
    settings.superuser_pointer = "/rights/0/super".into();
    assert_eq!(
        flags(&settings, &ada()),
        Ok(Some((false, false))),
        "nothing there means no"
    );
    let nested = with(ada(), "rights", json!([{"super": true}]));
    assert_eq!(flags(&settings, &nested), Ok(Some((true, false))));
    for odd in [json!("true"), json!(1), json!({}), json!([])] {
        let nested = with(ada(), "rights", json!([{"super": odd}]));
        assert!(flags(&settings, &nested).is_err(), "{nested}");
    }
}

#[test]
fn locked_and_disabled_users_are_none_and_another_form_is_no_answer() {
    for document in [with(ada(), "locked", json!(true)), with(ada(), "enabled", json!(false))] {
        assert_eq!(read_user(&document, &settings()), Ok(None), "{document}");
    }
    for document in [
        json!([]),
        json!("ada"),
        without(ada(), "username"),
        without(ada(), "enabled"),
        without(ada(), "locked"),
        with(ada(), "username", json!("Ada")),
        with(ada(), "username", json!("admin")),
        with(ada(), "enabled", json!("true")),
        with(ada(), "locked", json!(0)),
        with(ada(), "locked", json!(null)),
        with(ada(), "displayName", json!(7)),
        with(ada(), "superuser", json!("yes")),
    ] {
        assert!(read_user(&document, &settings()).is_err(), "{document}");
    }
}

#[test]
fn a_name_to_show_is_one_line_and_never_empty() {
    let shown_as = |name: Value| {
        let user = read_user(&with(ada(), "displayName", name), &settings());
        user.ok().flatten().map(|user| user.display_name)
    };
    assert_eq!(shown_as(json!("Ada\u{1b}[31m\r\n L.")).as_deref(), Some("Ada[31m L."));
    assert_eq!(shown_as(json!(" \n")).as_deref(), Some("ada"));
    assert_eq!(shown_as(json!(null)).as_deref(), Some("ada"));
    assert_eq!(
        shown_as(json!("é".repeat(500))).map(|name| name.chars().count()),
        Some(200)
    );
}

#[test]
fn what_is_said_of_a_wrong_answer_does_not_repeat_it() {
    let said = read_session(&with(live(), "active", json!("hunter2")));
    assert!(said.is_err_and(|said| !said.contains("hunter2")));
}

#[test]
fn any_parent_but_null_is_somebody_who_acts_for_the_user() {
    let impersonator = |parent: &Value| {
        let document = with(live(), "parent", parent.clone()).to_string();
        session(document.as_bytes(), None, NOW).map(|live| live.map(|live| live.impersonator))
    };
    let is = |name: &str| Ok(Some(Some(name.to_owned())));
    assert_eq!(impersonator(&Value::Null), Ok(Some(None)));
    assert_eq!(impersonator(&json!("root")), is("root"));
    assert_eq!(impersonator(&json!({ "username": "root", "id": "7" })), is("root"));
    for unnamed in [
        json!(true),
        json!(false),
        json!(0),
        json!(""),
        json!({}),
        json!([]),
        json!("a\nb"),
    ] {
        assert_eq!(impersonator(&unnamed), is(UNNAMED), "{unnamed}");
    }
}

#[test]
fn sessions_of_another_tenant_are_signed_out() {
    let is_live = |tenant: &Value, ours: Option<&str>| {
        let document = with(live(), "tenant", tenant.clone()).to_string();
        session(document.as_bytes(), ours, NOW).map(|live| live.is_some())
    };
    assert_eq!(is_live(&json!("acme"), Some("acme")), Ok(true));
    assert_eq!(is_live(&json!("acme"), None), Ok(true));
    assert_eq!(is_live(&Value::Null, None), Ok(true));
    for other in [
        json!("Acme"),
        json!("other"),
        json!(""),
        Value::Null,
        json!({ "id": "acme" }),
    ] {
        assert_eq!(is_live(&other, Some("acme")), Ok(false), "{other}");
    }
}
