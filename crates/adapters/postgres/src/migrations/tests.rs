#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::Path};

use super::*;

#[test]
fn every_migration_on_disk_is_embedded_in_order_and_has_its_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/postgres");
    let on_disk: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    // Sorted by name, which begins with the date.
    assert!(MIGRATIONS.iter().map(|migration| migration.name).eq(&on_disk));
    for migration in MIGRATIONS {
        let read = |file| fs::read_to_string(folder.join(migration.name).join(file)).unwrap();
        assert_eq!(read("up.sql"), migration.up);
        assert!(!read("down.sql").trim().is_empty(), "{}", migration.name);
    }
}

#[test]
fn a_version_is_the_digits_of_its_date() {
    assert_eq!(MIGRATIONS[0].version(), "20261124000000");
}
