//! Obligations of [`ClientStore`]: icons.

use informer_oauth_domain::icon::{ImageType, MAX_ICON_BYTES};
use informer_oauth_ports::{ClientStore, Icon};

use super::Answered;
use crate::{
    at_once,
    concurrency::RACERS,
    values::{a_client, an_icon, client_uid, digest},
};

pub async fn a_client_has_no_icon_at_first(store: &dyn ClientStore) {
    store.insert(&a_client(1)).await.answered();
    assert_eq!(store.icon(client_uid(1)).await.answered(), None);
    assert_eq!(
        store.icon(client_uid(2)).await.answered(),
        None,
        "nor has a client that is not there"
    );
}

pub async fn an_icon_is_read_back_byte_for_byte(store: &dyn ClientStore) {
    store.insert(&a_client(1)).await.answered();
    let every_byte: Vec<u8> = (0..=u8::MAX).cycle().take(MAX_ICON_BYTES).collect();
    for (n, kind) in (1..).zip([ImageType::Png, ImageType::Jpeg, ImageType::WebP, ImageType::Gif]) {
        let icon = Icon {
            kind,
            bytes: every_byte.clone(),
            digest: digest(n),
        };
        assert!(store.set_icon(client_uid(1), Some(&icon)).await.answered());
        assert_eq!(store.icon(client_uid(1)).await.answered(), Some(icon));
    }
}

pub async fn an_icon_is_set_replaced_and_removed(store: &dyn ClientStore) {
    for n in [1, 2] {
        store.insert(&a_client(n)).await.answered();
        assert!(store.set_icon(client_uid(n), Some(&an_icon(n))).await.answered());
    }
    assert!(store.set_icon(client_uid(1), Some(&an_icon(3))).await.answered());
    assert_eq!(store.icon(client_uid(1)).await.answered(), Some(an_icon(3)));
    assert!(store.set_icon(client_uid(1), None).await.answered());
    assert_eq!(store.icon(client_uid(1)).await.answered(), None);
    assert!(
        store.set_icon(client_uid(1), None).await.answered(),
        "removing none is fine while there is the client"
    );
    assert_eq!(store.icon(client_uid(2)).await.answered(), Some(an_icon(2)));
}

pub async fn an_unknown_client_gets_no_icon(store: &dyn ClientStore) {
    assert!(!store.set_icon(client_uid(1), Some(&an_icon(1))).await.answered());
    assert!(!store.set_icon(client_uid(1), None).await.answered());
    assert_eq!(store.icon(client_uid(1)).await.answered(), None);
}

pub async fn concurrent_icons_leave_one_of_them_whole(store: &dyn ClientStore) {
    store.insert(&a_client(1)).await.answered();
    let set = at_once(RACERS, async |n| {
        store.set_icon(client_uid(1), Some(&an_icon(n as u64))).await.answered()
    });
    assert!(set.into_iter().all(|found| found));
    let kept = store.icon(client_uid(1)).await.answered();
    assert!((0..RACERS as u64).any(|n| kept == Some(an_icon(n))));
}
