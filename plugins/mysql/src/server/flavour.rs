use cdc_plugin::host::mysql::ServerInfo;

/// Whose server it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// MySQL, Percona Server and what else calls itself so.
    #[default]
    MySql,
    /// MariaDB
    MariaDb,
}

// === impl Flavour ===

impl Flavour {
    /// By the version that the server tells.
    #[must_use]
    pub fn of(server: &ServerInfo) -> Self {
        if server.version.contains("MariaDB") { Self::MariaDb } else { Self::MySql }
    }

    /// The statement that lets the queries of a session take as long as they take.
    #[must_use]
    pub fn unlimited(self) -> &'static str {
        match self {
            Self::MySql => "SET SESSION max_execution_time = 0",
            Self::MariaDb => "SET SESSION max_statement_time = 0",
        }
    }

    /// How a setting is changed for good.
    #[must_use]
    pub fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::MySql => format!("SET PERSIST {name} = {value}"),
            Self::MariaDb => {
                format!("SET GLOBAL {name} = {value} (and write it into the server's option file)")
            }
        }
    }
}
