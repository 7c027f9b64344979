//! Where a source's table lives in MaxCompute.

use std::fmt;

use cdc_plugin::types::{Error, TableId};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::sql::identifier;

/// A table's full name. The schema is there exactly when the project has the schema model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// Project.
    pub project: String,
    /// Schema, in projects that have the schema model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Table.
    pub table: String,
}

impl TableName {
    /// Map a table id: with the schema model its namespace (the first of three parts), or else its schema (MySQL's
    /// database), names the MaxCompute schema, unless `schema.name` does; without, both are dropped.
    ///
    /// # Errors
    /// A part is empty, of dots, or begins or ends with a blank; blame is `config`.
    pub fn locate(settings: &Settings, id: &TableId, schema_model: bool) -> Result<Self, Error> {
        let project = &settings.project;
        if let (Some(schema), false) = (&settings.schema, schema_model) {
            let text = format!(
                "option `schema.name` is `{schema}`, and project {project} does not have the schema model; remove the option, \
                 or have the project changed"
            );
            return Err(Error::config("maxcompute.option", text));
        }
        let own = id.namespace.iter().chain(&id.schema).find(|part| !part.trim().is_empty());
        let given = settings.schema.as_ref().or(own);
        let schema = schema_model.then(|| given.map_or("default", |part| part).to_owned());
        for (what, part) in [("table", Some(&id.name)), ("schema", schema.as_ref())] {
            // A name of dots would be taken for a step in the URL's path.
            let odd = |part: &String| part.trim_matches('.').is_empty() || part.trim() != part;
            if part.is_some_and(odd) {
                return Err(Error::config(
                    "maxcompute.name",
                    format!(
                        "`{id}` has a {what} name that is empty, of dots, or begins or ends with a blank, which \
                         MaxCompute does not take: add a route to another name"
                    ),
                ));
            }
        }
        Ok(Self { project: project.clone(), schema, table: id.name.clone() })
    }

    /// As SQL names it, quoted.
    #[must_use]
    pub fn quoted(&self) -> String {
        let parts: Vec<_> = [Some(&self.project), self.schema.as_ref(), Some(&self.table)]
            .into_iter()
            .flatten()
            .map(|part| identifier(part))
            .collect();
        parts.join(".")
    }

    /// Path of a tunnel resource of the table: here the schema is part of the path.
    #[must_use]
    pub fn tunnel_path(&self, resource: &[&str]) -> Vec<String> {
        let mut path = vec!["projects", &self.project];
        if let Some(schema) = &self.schema {
            path.extend(["schemas", schema]);
        }
        path.extend(["tables", &self.table]);
        path.extend(resource);
        path.into_iter().map(str::to_owned).collect()
    }
}

/// The parts joined with dots, unquoted: for people.
impl fmt::Display for TableName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.", self.project)?;
        if let Some(schema) = &self.schema {
            write!(out, "{schema}.")?;
        }
        out.write_str(&self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc_plugin::options::{Setting, Value};

    fn id(namespace: Option<&str>, schema: Option<&str>, name: &str) -> TableId {
        TableId {
            namespace: namespace.map(str::to_owned),
            schema: schema.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    fn settings(schema: Option<&str>) -> Settings {
        let plain = |name: &str, value: &str| Setting {
            name: name.to_owned(),
            value: Value::Plain(value.to_owned()),
        };
        let mut settings = vec![
            plain("access-id", "id"),
            Setting { name: "access-key".to_owned(), value: Value::Secret("key".to_owned()) },
            plain("endpoint", "http://h"),
            plain("project", "p"),
        ];
        settings.extend(schema.map(|schema| plain("schema.name", schema)));
        Settings::read(&settings).unwrap()
    }

    #[test]
    fn a_database_becomes_a_schema_only_with_the_schema_model() {
        let locate = |id: &TableId, model| TableName::locate(&settings(None), id, model).unwrap().quoted();
        let mysql = id(None, Some("shop"), "orders");
        assert_eq!(locate(&mysql, true), "`p`.`shop`.`orders`");
        assert_eq!(locate(&mysql, false), "`p`.`orders`");
        assert_eq!(locate(&id(Some("s"), Some("x"), "t"), true), "`p`.`s`.`t`");
        assert_eq!(locate(&id(None, None, "t"), true), "`p`.`default`.`t`");
        assert_eq!(locate(&id(Some(" "), None, "a`b"), true), "`p`.`default`.`a``b`");
    }

    #[test]
    fn one_schema_for_all_tables_needs_the_schema_model() {
        let settings = settings(Some("ods"));
        let mysql = id(None, Some("shop"), "orders");
        assert_eq!(TableName::locate(&settings, &mysql, true).unwrap().quoted(), "`p`.`ods`.`orders`");
        let error = TableName::locate(&settings, &mysql, false).unwrap_err();
        assert!(error.message.contains("`schema.name`"), "{}", error.message);
    }

    #[test]
    fn the_tunnel_has_the_schema_in_its_path() {
        let name = TableName::locate(&settings(None), &id(None, Some("s"), "t"), true).unwrap();
        assert_eq!(name.tunnel_path(&["upserts"]).join("/"), "projects/p/schemas/s/tables/t/upserts");
        let name = TableName::locate(&settings(None), &id(None, Some("s"), "t"), false).unwrap();
        assert_eq!(name.tunnel_path(&[]).join("/"), "projects/p/tables/t");
    }

    #[test]
    fn names_that_maxcompute_refuses_are_refused_here() {
        for name in ["", " t", "t ", ".."] {
            assert!(TableName::locate(&settings(None), &id(None, None, name), false).is_err());
        }
    }
}
