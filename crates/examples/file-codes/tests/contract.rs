//! The files keep every obligation of the port; the other short-lived ones are the reference store's.

use informer_oauth_example_file_codes::FileCodes;
use informer_oauth_memory::Memory;
use informer_oauth_ports::{AttemptCounter, CodeStore, DeviceStore, SessionStore};
use informer_oauth_testkit::{Fixture, ShortLivedStores, contract_suite};
use tempfile::TempDir;

struct Stores {
    ours: FileCodes,
    others: Memory,
}

impl ShortLivedStores for Stores {
    fn codes(&self) -> &dyn CodeStore {
        &self.ours
    }

    fn devices(&self) -> &dyn DeviceStore {
        &self.others
    }

    fn sessions(&self) -> &dyn SessionStore {
        &self.others
    }

    fn attempts(&self) -> &dyn AttemptCounter {
        &self.others
    }
}

/// Empty stores for one test; the folder lives as long as they do.
fn in_a_folder_of_its_own() -> Fixture<Stores, TempDir> {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let stores = Stores {
        ours: FileCodes::open(folder.path()).expect("the folder can be written"),
        others: Memory::default(),
    };
    Fixture::new(stores, folder)
}

contract_suite!(short_lived: async || in_a_folder_of_its_own());
