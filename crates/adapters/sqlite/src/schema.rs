//! The tables, as `migrations/sqlite` makes them.

diesel::table! {
    consents (username, client_uid) {
        username -> Text,
        client_uid -> Binary,
        scope -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    consent_resources (username, client_uid, digest) {
        username -> Text,
        client_uid -> Binary,
        digest -> Binary,
        resource -> Text,
        scope -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    audit_events (id) {
        id -> Binary,
        at -> BigInt,
        kind -> Text,
        actor -> Nullable<Text>,
        client_uid -> Nullable<Binary>,
        target -> Nullable<Text>,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    token_records (id) {
        id -> Binary,
        client_uid -> Binary,
        client_id -> Text,
        username -> Text,
        scope -> Text,
        audience -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        generation -> Nullable<BigInt>,
        current_jti -> Nullable<Binary>,
        current_issued_at -> Nullable<BigInt>,
        previous_jti -> Nullable<Binary>,
        previous_issued_at -> Nullable<BigInt>,
        previous_asked -> Nullable<Text>,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        revoked_reason -> Nullable<Text>,
    }
}

diesel::table! {
    revocations (client_uid, user_digest) {
        client_uid -> Binary,
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

diesel::table! {
    authorization_codes (digest) {
        digest -> Binary,
        client_uid -> Binary,
        client_id -> Text,
        redirect_uri -> Text,
        redirect_uri_sent -> Bool,
        challenge -> Nullable<Text>,
        username -> Text,
        scope -> Text,
        audience -> Text,
        token_record -> Binary,
        issued_at -> BigInt,
        expires_at -> BigInt,
        redeemed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    device_authorizations (digest) {
        digest -> Binary,
        user_code -> Text,
        client_uid -> Binary,
        client_id -> Text,
        scope -> Text,
        audience -> Text,
        address -> Nullable<Text>,
        agent -> Nullable<Text>,
        token_record -> Binary,
        issued_at -> BigInt,
        expires_at -> BigInt,
        state -> Text,
        poll_interval -> Nullable<BigInt>,
        polled_at -> Nullable<BigInt>,
        username -> Nullable<Text>,
        granted -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        address_group -> Text,
    }
}

diesel::table! {
    sessions (digest) {
        digest -> Binary,
        username -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    attempts (key) {
        key -> Text,
        count -> BigInt,
        until -> BigInt,
    }
}
