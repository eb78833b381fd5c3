//! The tables, as `migrations/postgres` makes them.

diesel::table! {
    consents (username, client_uid) {
        username -> Text,
        client_uid -> Uuid,
        scope -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    consent_resources (username, client_uid, digest) {
        username -> Text,
        client_uid -> Uuid,
        digest -> Binary,
        resource -> Text,
        scope -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    audit_events (id) {
        id -> Uuid,
        at -> BigInt,
        kind -> Text,
        actor -> Nullable<Text>,
        client_uid -> Nullable<Uuid>,
        target -> Nullable<Text>,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    token_records (id) {
        id -> Uuid,
        client_uid -> Uuid,
        client_id -> Text,
        username -> Text,
        scope -> Text,
        audience -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        generation -> Nullable<BigInt>,
        current_jti -> Nullable<Uuid>,
        current_issued_at -> Nullable<BigInt>,
        previous_jti -> Nullable<Uuid>,
        previous_issued_at -> Nullable<BigInt>,
        previous_asked -> Nullable<Text>,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        revoked_reason -> Nullable<Text>,
    }
}

diesel::table! {
    revocations (client_uid, user_digest) {
        client_uid -> Uuid,
        user_digest -> Binary,
        at -> BigInt,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        purpose -> Text,
        state -> Text,
        state_since -> Nullable<BigInt>,
        created_at -> BigInt,
        sealed -> Text,
    }
}

diesel::table! {
    users (username) {
        username -> Text,
        display_name -> Text,
        password -> Text,
        superuser -> Bool,
        locked -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    usage_counts (day, grant_type, outcome) {
        day -> Integer,
        grant_type -> Text,
        outcome -> Text,
        count -> BigInt,
    }
}
