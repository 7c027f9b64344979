//! Pages for people: what the project holds, and the rows of a table.

mod html;
mod overview;
mod rows;
