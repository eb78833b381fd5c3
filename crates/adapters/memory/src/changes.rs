use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use informer_oauth_ports::{Change, ChangeListener, Changes};

/// Tells the listeners of this process: all that there is to tell where one process is the whole installation.
/// Clones share their listeners.
#[derive(Clone, Default)]
pub struct LocalChanges(Arc<RwLock<Vec<Arc<dyn ChangeListener>>>>);

#[async_trait]
impl Changes for LocalChanges {
    async fn publish(&self, change: Change) {
        // Told outside the lock, so that a listener may add another or publish in its turn.
        let listeners = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        for listener in listeners {
            listener.changed(change);
        }
    }

    /// Publishing tells.
    async fn told(&self, _patience: Duration) -> bool {
        true
    }

    fn subscribe(&self, listener: Arc<dyn ChangeListener>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }
}

impl fmt::Debug for LocalChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalChanges").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use informer_oauth_testkit::values::{client_uid, record_id};

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<Change>>);

    impl ChangeListener for Heard {
        fn changed(&self, change: Change) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        }
    }

    /// Brings a listener along with the first change that it hears of.
    struct Recruiter(LocalChanges, Arc<Heard>);

    impl ChangeListener for Recruiter {
        fn changed(&self, _: Change) {
            self.0.subscribe(Arc::clone(&self.1) as Arc<dyn ChangeListener>);
        }
    }

    fn heard(listener: &Heard) -> Vec<Change> {
        listener.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[test]
    fn every_listener_hears_of_every_change_once_in_order() {
        informer_oauth_testkit::run(async {
            let changes = LocalChanges::default();
            let listeners = [Arc::new(Heard::default()), Arc::new(Heard::default())];
            for listener in &listeners {
                changes.subscribe(Arc::clone(listener) as Arc<dyn ChangeListener>);
            }
            let told = [
                Change::Client(client_uid(1)),
                Change::TokenRecord(record_id(2)),
                Change::TokenRecords,
                Change::Users,
                Change::SigningKeys,
            ];
            for change in told {
                changes.clone().publish(change).await;
            }
            for listener in listeners {
                assert_eq!(heard(&listener), told);
            }
        });
    }

    #[test]
    fn a_listener_may_add_another_while_it_listens() {
        informer_oauth_testkit::run(async {
            let (changes, late) = (LocalChanges::default(), Arc::new(Heard::default()));
            changes.subscribe(Arc::new(Recruiter(changes.clone(), Arc::clone(&late))));
            changes.publish(Change::SigningKeys).await;
            assert_eq!(heard(&late), [], "it hears of what comes after it");
            changes.publish(Change::TokenRecords).await;
            assert_eq!(heard(&late), [Change::TokenRecords]);
        });
    }
}
