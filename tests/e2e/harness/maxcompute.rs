use maxcompute_emulator::auth::AccessKey;
use maxcompute_emulator::{Config, Emulator};

/// A MaxCompute project that wants signed requests.
pub(crate) struct MaxCompute {
    emulator: Emulator,
}

impl MaxCompute {
    pub(crate) const ACCESS_ID: &str = "test-access-id";
    pub(crate) const ACCESS_KEY: &str = "test-access-key-that-must-stay-in-the-host";
    pub(crate) const PROJECT: &str = "warehouse";

    pub(crate) async fn start(schema_model: bool) -> Self {
        let mut config = Config::new(Self::PROJECT);
        config.access_key = Some(AccessKey::new(Self::ACCESS_ID, Self::ACCESS_KEY));
        config.schema_model = schema_model;
        Self { emulator: Emulator::start(config).await.unwrap() }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("{}/api", self.emulator.endpoint())
    }
}
