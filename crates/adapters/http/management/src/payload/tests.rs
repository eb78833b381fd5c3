#![allow(clippy::unwrap_used)]

use informer_oauth_web::json;
use serde_json::json;

use super::*;

fn error_of<T: std::fmt::Debug>(read: ApiResult<T>) -> (String, String) {
    match read.unwrap_err() {
        ApiError::Invalid { message, mut keys, .. } => (keys.remove(0), message),
        other => panic!("{other:?}"),
    }
}

fn key_of<T: std::fmt::Debug>(read: ApiResult<T>) -> String {
    error_of(read).0
}

fn secret(payload: &Value) -> ApiResult<NewSecret> {
    new_secret(json::parse(payload.to_string().as_bytes())?)
}

fn members(payload: &Value) -> Payload {
    payload.as_object().unwrap().clone()
}

#[test]
fn fields_that_are_left_out_are_left_alone() {
    let (fields, read_only) = client(members(&json!({"description": "new"}))).unwrap();
    assert_eq!(fields, ClientPatch::default().with("description", "new"));
    assert_eq!(read_only, ReadOnly::default());
    assert_eq!(client(members(&json!({}))).unwrap().0, ClientPatch::default());
}

#[test]
fn null_is_the_default_of_everything_but_the_name() {
    let all_null = json!({
        "description": null, "url": null, "redirect_uri": null, "pkce": null, "enableRefreshTokens": null,
        "scope": null, "enabled": null, "introspect": null, "resources": null,
        "confidential": null,
    });
    let (fields, _) = client(members(&all_null)).unwrap();
    let set = ClientDraft {
        description: "x".into(),
        url: Some("https://x.example/".into()),
        redirect_uris: vec!["https://x.example/cb".into()],
        pkce: false,
        refresh_tokens: true,
        scope: vec!["read:dataset".into()],
        enabled: false,
        introspect: true,
        resources: vec!["urn:x".into()],
        ..ClientDraft::default()
    };
    assert_eq!(fields.onto(set), ClientDraft::default());
    assert_eq!(key_of(client(members(&json!({"name": null})))), "name");
}

#[test]
fn unknown_fields_are_named() {
    let wrong = error_of(client(members(&json!({"name": "A", "colour": "red"}))));
    assert_eq!(wrong, ("colour".to_owned(), "\"colour\" is not allowed".to_owned()));
    assert_eq!(key_of(client(members(&json!({"template": "Generic App"})))), "template");
    assert_eq!(key_of(client(members(&json!({"": 1})))), "");
    assert_eq!(key_of(secret(&json!({"secret": "mine"}))), "secret");
}

#[test]
fn wrong_types_are_named() {
    for (payload, key) in [
        (json!({"name": 1}), "name"),
        (json!({"description": ["x"]}), "description"),
        (json!({"url": {}}), "url"),
        (json!({"redirect_uri": "https://x.example/cb"}), "redirect_uri"),
        (json!({"redirect_uri": ["https://x.example/cb", null]}), "redirect_uri"),
        (json!({"pkce": "true"}), "pkce"),
        (json!({"enableRefreshTokens": 1}), "enableRefreshTokens"),
        (json!({"scope": {"read:dataset": true}}), "scope"),
        (json!({"scope": [1]}), "scope"),
        (json!({"enabled": 0}), "enabled"),
        (json!({"introspect": []}), "introspect"),
        (json!({"resources": true}), "resources"),
        (json!({"confidential": "yes"}), "confidential"),
        (json!({"id": 5}), "id"),
        (json!({"client_id": null}), "client_id"),
        (json!({"_links": "x"}), "_links"),
    ] {
        assert_eq!(key_of(client(members(&payload))), key, "{payload}");
    }
}

#[test]
fn scope_is_a_list_or_names_with_spaces_between() {
    let names = vec!["read:dataset".to_owned(), "read:report".to_owned()];
    for payload in [
        json!({"scope": ["read:dataset", "read:report"]}),
        json!({"scope": " read:dataset  read:report "}),
    ] {
        let draft = client(members(&payload)).unwrap().0.onto(ClientDraft::default());
        assert_eq!(draft.scope, names);
    }
    let scoped = ClientDraft {
        scope: names,
        ..ClientDraft::default()
    };
    let none = client(members(&json!({"scope": ""}))).unwrap().0;
    assert_eq!(none.onto(scoped).scope, [""; 0]);
}

#[test]
fn a_client_needs_a_name_unless_a_template_brings_one() {
    assert_eq!(key_of(new_client(members(&json!({})))), "name");
    assert_eq!(key_of(whole_client(members(&json!({"pkce": true})))), "name");
    assert_eq!(key_of(new_client(members(&json!({"template": null})))), "name");
    assert_eq!(key_of(new_client(members(&json!({"template": 1})))), "template");
    assert_eq!(
        new_client(members(&json!({"template": "Informer CLI"})))
            .unwrap()
            .template
            .as_deref(),
        Some("Informer CLI")
    );
    assert_eq!(
        new_client(members(&json!({"name": "A"}))).unwrap().fields.name(),
        Some("A")
    );
}

#[test]
fn what_was_read_can_be_sent_back() {
    let (fields, read_only) = client(members(&json!({
        "_links": {"self": {"href": "/x"}}, "id": "i", "client_id": "c", "createdAt": "t", "updatedAt": "u",
        "createdBy": "ada", "source": "admin", "name": "A",
    })))
    .unwrap();
    assert_eq!(fields.name(), Some("A"));
    let sent = |text: &str| Some(text.to_owned());
    let expected = ReadOnly {
        id: sent("i"),
        client_id: sent("c"),
        created_at: sent("t"),
        updated_at: sent("u"),
        created_by: sent("ada"),
        source: sent("admin"),
    };
    assert_eq!(read_only, expected);
}

#[test]
fn a_secrets_label_is_checked() {
    let new = secret(&json!({"label": " Anna's laptop "})).unwrap();
    assert_eq!(new.label.unwrap().as_str(), "Anna's laptop");
    for bad in [
        json!(""),
        json!(" "),
        json!(7),
        json!(["a"]),
        json!("two\nlines"),
        json!("x".repeat(101)),
        json!("cs_ABCDefgh0123456789abcdefghijKLMN"),
    ] {
        assert_eq!(key_of(secret(&json!({ "label": bad }))), "label", "{bad}");
    }
}

#[test]
fn a_secrets_deadlines_are_checked() {
    assert_eq!(secret(&json!({})).unwrap(), NewSecret::default());
    assert_eq!(
        secret(&json!({"label": null, "expiresAt": null, "expireOthersIn": null})).unwrap(),
        NewSecret::default()
    );
    let new = secret(&json!({"expiresAt": "2030-01-01T00:00:00Z", "expireOthersIn": 3600})).unwrap();
    assert_eq!(new.expires_at, Some(Timestamp::parse("2030-01-01T00:00:00Z").unwrap()));
    assert_eq!(new.expire_others_in, Some(Duration::from_secs(3600)));
    for at in [
        json!("tomorrow"),
        json!(1_900_000_000),
        json!("2030-01-01"),
        json!("99999-01-01T00:00:00Z"),
        json!(""),
    ] {
        assert_eq!(key_of(secret(&json!({"expiresAt": at}))), "expiresAt", "{at}");
    }
    for seconds in [
        json!(-1),
        json!(1.5),
        json!("60"),
        json!(315_360_001_u64),
        json!(u64::MAX),
        json!(1e300),
        json!([]),
    ] {
        assert_eq!(
            key_of(secret(&json!({"expireOthersIn": seconds}))),
            "expireOthersIn",
            "{seconds}"
        );
    }
}
