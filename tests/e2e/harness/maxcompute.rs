use maxcompute_emulator::auth::AccessKey;
use maxcompute_emulator::{Config, Emulator, Operation};

/// A MaxCompute project that wants signed requests.
pub(crate) struct MaxCompute {
    emulator: Emulator,
    /// Whether tables live in schemas.
    pub(crate) schema_model: bool,
}

impl MaxCompute {
    pub(crate) const ACCESS_ID: &str = "test-access-id";
    pub(crate) const ACCESS_KEY: &str = "test-access-key-that-must-stay-in-the-host";
    pub(crate) const STS_TOKEN: &str = "test-sts-token-that-must-stay-in-the-host";
    pub(crate) const PROJECT: &str = "warehouse";

    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(Self::PROJECT);
        config.access_key = Some(AccessKey::new(Self::ACCESS_ID.into(), Self::ACCESS_KEY.into()));
        change(&mut config);
        let schema_model = config.schema_model;
        Self { emulator: Emulator::start(config).await.unwrap(), schema_model }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("{}/api", self.emulator.endpoint())
    }

    /// Requests answered so far.
    #[allow(dead_code, reason = "for the benchmark, which shares this harness")]
    pub(crate) fn answered(&self) -> u64 {
        self.emulator.journal().answered()
    }

    /// Wait for rows that arrive after so many requests.
    #[allow(dead_code, reason = "for the benchmark, which shares this harness")]
    pub(crate) async fn rows_after(&self, answered: u64) {
        let rows = [Some(Operation::WriteUpsert), Some(Operation::WriteUploadBlock)];
        self.emulator
            .journal()
            .wait_for(|entry| entry.sequence > answered && rows.contains(&entry.operation))
            .await;
    }

    /// Let its sessions grow older.
    pub(crate) fn advance_clock(&self, by: std::time::Duration) {
        self.emulator.advance_clock(by);
    }
}
