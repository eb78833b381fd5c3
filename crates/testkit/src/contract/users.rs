//! Obligations of [`UserDirectory`].

use informer_oauth_domain::{secret::SecretHash, user::LocalUser};
use informer_oauth_ports::{UserDirectory, UserInsertion};

use super::{ALL, Answered, assert_count, page};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{a_user, moment},
};

pub async fn a_user_is_read_back_as_they_were_inserted(store: &dyn UserDirectory) {
    let full = LocalUser {
        display_name: "Ada <b>Lovelace</b> 'é' 🦀".into(),
        superuser: true,
        locked: true,
        created_at: moment(3),
        updated_at: moment(4),
        ..a_user("ada")
    };
    for user in [full, a_user("bob@example.com")] {
        assert_eq!(store.insert(&user).await.answered(), UserInsertion::Inserted);
        assert_eq!(store.find(&user.username).await.answered(), Some(user));
    }
}

pub async fn an_unknown_user_is_none(store: &dyn UserDirectory) {
    store.insert(&a_user("ada")).await.answered();
    for other in ["", "ad", "ada ", "%", "ad_", "Ada", "' OR 1=1 --"] {
        assert_eq!(store.find(other).await.answered(), None, "{other:?}");
    }
}

pub async fn a_name_is_given_once_and_case_makes_another_name(store: &dyn UserDirectory) {
    store.insert(&a_user("ada")).await.answered();
    let other = LocalUser {
        superuser: true,
        ..a_user("ada")
    };
    assert_eq!(store.insert(&other).await.answered(), UserInsertion::Taken);
    assert_eq!(store.find("ada").await.answered(), Some(a_user("ada")));
    assert_eq!(store.insert(&a_user("Ada")).await.answered(), UserInsertion::Inserted);
}

pub async fn of_concurrent_insertions_of_one_name_one_wins(store: &dyn UserDirectory) {
    let user = |n: usize| LocalUser {
        display_name: format!("Ada {n}"),
        ..a_user("ada")
    };
    let outcomes = at_once(RACERS, async |n| store.insert(&user(n)).await.answered());
    assert_count(&outcomes, 1, |outcome| *outcome == UserInsertion::Inserted);
    let winner = outcomes
        .iter()
        .position(|outcome| *outcome == UserInsertion::Inserted)
        .unwrap_or_default();
    assert_eq!(store.find("ada").await.answered(), Some(user(winner)));
}

pub async fn the_first_user_is_added_only_where_there_is_none(store: &dyn UserDirectory) {
    assert_eq!(
        store.insert_first(&a_user("ada")).await.answered(),
        UserInsertion::Inserted
    );
    assert_eq!(store.find("ada").await.answered(), Some(a_user("ada")));
    for name in ["ada", "bob"] {
        assert_eq!(store.insert_first(&a_user(name)).await.answered(), UserInsertion::Taken);
    }
    assert_eq!(store.list(ALL).await.answered().total, 1);
}

pub async fn of_concurrent_first_users_one_wins(store: &dyn UserDirectory) {
    let outcomes = at_once(RACERS, async |n| {
        store.insert_first(&a_user(&format!("user{n}"))).await.answered()
    });
    assert_count(&outcomes, 1, |outcome| *outcome == UserInsertion::Inserted);
    let winner = outcomes
        .iter()
        .position(|outcome| *outcome == UserInsertion::Inserted)
        .unwrap_or_default();
    assert_eq!(
        store.list(ALL).await.answered().items,
        [a_user(&format!("user{winner}"))]
    );
}

pub async fn users_are_listed_by_name_page_by_page(store: &dyn UserDirectory) {
    for name in ["dora", "ada", "carl", "bob", "ed"] {
        store.insert(&a_user(name)).await.answered();
    }
    let sorted = ["ada", "bob", "carl", "dora", "ed"].map(a_user);
    let whole = store.list(ALL).await.answered();
    assert_eq!((whole.items.as_slice(), whole.total), (sorted.as_slice(), 5));
    for (start, limit, expected) in [(0, 2, 0..2), (2, 2, 2..4), (4, 2, 4..5), (5, 2, 5..5)] {
        let part = store.list(page(start, limit)).await.answered();
        assert_eq!((part.items.as_slice(), part.total), (&sorted[expected], 5));
    }
}

pub async fn a_new_password_replaces_the_old_one_and_nothing_else(store: &dyn UserDirectory) {
    for name in ["ada", "bob"] {
        store.insert(&a_user(name)).await.answered();
    }
    let password = SecretHash::new("$argon2id$another".into());
    assert!(store.set_password("ada", &password, moment(5)).await.answered());
    assert!(!store.set_password("carl", &password, moment(5)).await.answered());
    assert_eq!(
        store.find("ada").await.answered(),
        Some(LocalUser {
            password,
            updated_at: moment(5),
            ..a_user("ada")
        })
    );
    assert_eq!(store.find("bob").await.answered(), Some(a_user("bob")));
    assert_eq!(store.find("carl").await.answered(), None);
}

pub async fn a_user_is_locked_and_unlocked(store: &dyn UserDirectory) {
    for name in ["ada", "bob"] {
        store.insert(&a_user(name)).await.answered();
    }
    for (locked, at) in [(true, 5), (true, 6), (false, 7)] {
        assert!(store.set_locked("ada", locked, moment(at)).await.answered());
        let expected = LocalUser {
            locked,
            updated_at: moment(at),
            ..a_user("ada")
        };
        assert_eq!(store.find("ada").await.answered(), Some(expected));
    }
    assert!(!store.set_locked("carl", true, moment(5)).await.answered());
    assert_eq!(store.find("bob").await.answered(), Some(a_user("bob")));
}

pub async fn a_change_is_later_than_the_one_before_whatever_the_clock_says(store: &dyn UserDirectory) {
    let user = LocalUser {
        updated_at: moment(100),
        ..a_user("ada")
    };
    store.insert(&user).await.answered();
    let mut last = user.updated_at;
    let password = SecretHash::new("$argon2id$another".into());
    for round in 0..2 {
        if round == 0 {
            assert!(store.set_password("ada", &password, moment(5)).await.answered());
        } else {
            assert!(store.set_locked("ada", true, moment(5)).await.answered());
        }
        let changed = store.find("ada").await.answered().map(|user| user.updated_at);
        assert!(
            changed.is_some_and(|changed| changed > last),
            "{changed:?} after {last}"
        );
        last = changed.unwrap_or(last);
    }
}
