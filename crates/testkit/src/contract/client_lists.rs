//! Obligations of [`ClientStore`]: lists of clients.

use informer_oauth_domain::client::{Client, ClientProfile};
use informer_oauth_ports::{ClientSort, ClientStore};

use super::{ALL, Answered, page};
use crate::values::{a_client, a_plain_profile, moment};

/// Inserts clients of these names, numbered from 0.
async fn with_names(store: &dyn ClientStore, names: &[&str]) {
    for (n, name) in (0..).zip(names) {
        let profile = a_plain_profile(name);
        store.insert(&Client { profile, ..a_client(n) }).await.answered();
    }
}

/// The names that a search finds, in the order of the list.
async fn found(store: &dyn ClientStore, text: Option<&str>) -> Vec<String> {
    let list = store.list(text, ClientSort::Name, false, ALL).await.answered();
    assert_eq!(list.total, list.items.len() as u64, "everything is on the one page");
    list.items.into_iter().map(|client| client.profile.name).collect()
}

pub async fn an_empty_store_has_an_empty_list(store: &dyn ClientStore) {
    for text in [None, Some("x")] {
        let list = store.list(text, ClientSort::Name, false, ALL).await.answered();
        assert_eq!((list.items, list.total), (Vec::new(), 0));
    }
}

pub async fn a_list_holds_whole_clients(store: &dyn ClientStore) {
    let client = Client {
        profile: crate::values::a_full_profile("Full"),
        revision: 3,
        ..a_client(1)
    };
    store.insert(&client).await.answered();
    assert_eq!(
        store.list(None, ClientSort::Name, false, ALL).await.answered().items,
        [client]
    );
}

pub async fn names_are_sorted_without_regard_to_case(store: &dyn ClientStore) {
    with_names(store, &["cherry", "Apple", "banana", "apple pie", "Damson"]).await;
    let sorted = ["Apple", "apple pie", "banana", "cherry", "Damson"];
    assert_eq!(found(store, None).await, sorted);
    let list = store.list(None, ClientSort::Name, true, ALL).await.answered();
    let names: Vec<String> = list.items.into_iter().map(|client| client.profile.name).collect();
    assert!(names.iter().eq(sorted.iter().rev()), "{names:?}");
}

pub async fn lists_are_sorted_by_age_and_by_last_change(store: &dyn ClientStore) {
    for (n, changed) in [(2, 30), (0, 10), (1, 20), (3, 0)] {
        let client = Client {
            created_at: moment(n),
            updated_at: moment(100 + changed),
            ..a_client(9 - n)
        };
        store.insert(&client).await.answered();
    }
    for (sort, descending, expected) in [
        (ClientSort::CreatedAt, false, [0, 1, 2, 3]),
        (ClientSort::CreatedAt, true, [3, 2, 1, 0]),
        (ClientSort::UpdatedAt, false, [3, 0, 1, 2]),
        (ClientSort::UpdatedAt, true, [2, 1, 0, 3]),
    ] {
        let list = store.list(None, sort, descending, ALL).await.answered();
        let order: Vec<_> = list.items.iter().map(|client| client.created_at).collect();
        assert_eq!(order, expected.map(moment), "{sort:?}, descending: {descending}");
    }
}

pub async fn ties_go_by_id(store: &dyn ClientStore) {
    for n in [3, 1, 2] {
        let client = Client {
            created_at: moment(0),
            updated_at: moment(0),
            profile: a_plain_profile("Same"),
            ..a_client(n)
        };
        store.insert(&client).await.answered();
    }
    for sort in [ClientSort::Name, ClientSort::CreatedAt, ClientSort::UpdatedAt] {
        let list = store.list(None, sort, false, ALL).await.answered();
        let order: Vec<_> = list.items.iter().map(|client| client.uid).collect();
        assert_eq!(order, [1, 2, 3].map(crate::values::client_uid), "{sort:?}");
        let list = store.list(None, sort, true, ALL).await.answered();
        let order: Vec<_> = list.items.iter().map(|client| client.uid).collect();
        assert_eq!(order, [3, 2, 1].map(crate::values::client_uid), "{sort:?}, descending");
    }
}

pub async fn a_text_is_looked_for_in_name_and_description_without_regard_to_case(store: &dyn ClientStore) {
    with_names(store, &["Sales Board", "Kitchen"]).await;
    let described = ClientProfile {
        description: "Shows the BOARD's figures\nand more".into(),
        ..a_plain_profile("Office")
    };
    store
        .insert(&Client {
            profile: described,
            ..a_client(5)
        })
        .await
        .answered();
    assert_eq!(found(store, Some("board")).await, ["Office", "Sales Board"]);
    assert_eq!(found(store, Some("SALES B")).await, ["Sales Board"]);
    assert_eq!(found(store, Some("figures\nand")).await, ["Office"]);
    assert_eq!(found(store, Some("nothing of the sort")).await, Vec::<String>::new());
    assert_eq!(found(store, Some("")).await.len(), 3, "the empty text is in every name");
}

pub async fn search_ignores_case_and_composition_in_every_script(store: &dyn ClientStore) {
    with_names(
        store,
        &["Ärger-Board", "Отчёты продаж", "ΟΔΟΣ", "A\u{308}mter", "Arger"],
    )
    .await;
    let described = ClientProfile {
        description: "Über alles Übrige".into(),
        ..a_plain_profile("Described")
    };
    store
        .insert(&Client {
            profile: described,
            ..a_client(9)
        })
        .await
        .answered();
    for (text, names) in [
        ("ärger", ["Ärger-Board"].as_slice()),
        ("A\u{308}RGER", &["Ärger-Board"]),
        ("отчёты", &["Отчёты продаж"]),
        ("ПРОДАЖ", &["Отчёты продаж"]),
        ("οδος", &["ΟΔΟΣ"]),
        ("ämter", &["A\u{308}mter"]),
        ("ÜBRIGE", &["Described"]),
        ("arger", &["Arger"]),
    ] {
        assert_eq!(found(store, Some(text)).await, names, "{text}");
    }
}

pub async fn names_of_every_script_are_sorted_alike(store: &dyn ClientStore) {
    with_names(
        store,
        &[
            "Zebra",
            "ähre",
            "Отчёты",
            "Äpfel",
            "apple",
            "ангел",
            "A\u{308}rger",
            "zoo",
        ],
    )
    .await;
    let sorted = [
        "apple",
        "Zebra",
        "zoo",
        "ähre",
        "Äpfel",
        "A\u{308}rger",
        "ангел",
        "Отчёты",
    ];
    assert_eq!(found(store, None).await, sorted);
}

pub async fn pattern_and_quote_characters_are_data(store: &dyn ClientStore) {
    let awkward = [
        "x%y", "x_y", "x'y", "x\\y", "x\"y", "x*y", "x?y", "x[a]y", "x--y", "x;y", "x$1y", "x{y", "x^y", "x(y", "x.y",
        "x é y", "x 🦀 y",
    ];
    with_names(store, &awkward).await;
    for (n, decoy) in (100..).zip(["xzy", "xy", "xay", "x1y"]) {
        store
            .insert(&Client {
                profile: a_plain_profile(decoy),
                ..a_client(n)
            })
            .await
            .answered();
    }
    for name in awkward {
        assert_eq!(found(store, Some(name)).await, [name]);
        let middle = &name[1..name.len() - 1];
        assert_eq!(found(store, Some(middle)).await, [name], "searching {middle:?}");
    }
    for nothing in ["%%", "x%", "%y", "__", "' OR 1=1 --", "\\%", "\0"] {
        let names = found(store, Some(nothing)).await;
        assert!(
            names.iter().all(|name| name.contains(nothing)),
            "searching {nothing:?} found {names:?}"
        );
    }
}

pub async fn pages_cover_a_list_without_gap_or_overlap(store: &dyn ClientStore) {
    for n in 0..25 {
        let profile = a_plain_profile(if n % 2 == 0 { "Even" } else { "Odd" });
        store.insert(&Client { profile, ..a_client(n) }).await.answered();
    }
    for (text, descending, total) in [
        (None, false, 25),
        (None, true, 25),
        (Some("even"), false, 13),
        (Some("odd"), true, 12),
    ] {
        let whole = store.list(text, ClientSort::Name, descending, ALL).await.answered();
        assert_eq!(whole.total, total);
        let mut pieces = Vec::new();
        for start in (0..total).step_by(4) {
            let part = store
                .list(text, ClientSort::Name, descending, page(start, 4))
                .await
                .answered();
            assert_eq!(part.total, total, "the total is of all pages");
            assert!(part.items.len() <= 4);
            pieces.extend(part.items);
        }
        assert_eq!(pieces, whole.items);
    }
    let beyond = store.list(None, ClientSort::Name, false, page(25, 4)).await.answered();
    assert_eq!((beyond.items, beyond.total), (Vec::new(), 25));
    let far_beyond = store
        .list(None, ClientSort::Name, false, page(u64::MAX, 4))
        .await
        .answered();
    assert_eq!((far_beyond.items, far_beyond.total), (Vec::new(), 25));
}

pub async fn a_page_by_age_does_not_shift_when_clients_are_added(store: &dyn ClientStore) {
    for n in 0..6 {
        store.insert(&a_client(n)).await.answered();
    }
    let before = store
        .list(None, ClientSort::CreatedAt, false, page(2, 3))
        .await
        .answered();
    for n in 6..9 {
        store.insert(&a_client(n)).await.answered();
    }
    let after = store
        .list(None, ClientSort::CreatedAt, false, page(2, 3))
        .await
        .answered();
    assert_eq!(after.items, before.items);
    assert_eq!((before.total, after.total), (6, 9));
}
