//! Memory keeps every obligation of the store ports.

informer_oauth_testkit::contract_suite!(async || informer_oauth_memory::Memory::default());
