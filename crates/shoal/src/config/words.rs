//! Values that are words: choices, and addresses of the engines a pod stands on.

use toml::Value;

use super::setting::{Setting, items, list};

/// An enum of which each variant is one word of the configuration.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            const WORDS: &[(&str, $name)] = &[$(($word, $name::$variant),)*];

            /// The word of the configuration.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl Setting for $name {
            fn allowed() -> String {
                Self::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
            }

            fn read(value: &Value) -> Option<$name> {
                let text = value.as_str()?.trim();
                Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice)
            }

            fn write(&self) -> Value {
                Value::from(self.word())
            }
        }
    };
}

choice! {
    /// How processes tell each other what happened.
    Bus {
        /// Within this process.
        Local = "local",
    }
}

choice! {
    /// One thing a process does.
    Role {
        /// Pages and API.
        Web = "web",
        /// Jobs.
        Worker = "worker",
        /// The tracker.
        Tracker = "tracker",
    }
}

choice! {
    /// Who may register.
    Signup {
        /// Everybody.
        Open = "open",
        /// Nobody: administrators create users.
        Closed = "closed",
    }
}

choice! {
    /// What the log looks like.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

choice! {
    /// How much the log says.
    LogLevel {
        /// Only what somebody must look at.
        Error = "error",
        /// And what somebody should look at.
        Warn = "warn",
        /// And what happens.
        Info = "info",
        /// And each request.
        Debug = "debug",
        /// And everything.
        Trace = "trace",
    }
}

choice! {
    /// x264's presets.
    Preset {
        /// The least work.
        Ultrafast = "ultrafast",
        /// Less work.
        Superfast = "superfast",
        /// Little work.
        Veryfast = "veryfast",
        /// Rather little work.
        Faster = "faster",
        /// A bit less work.
        Fast = "fast",
        /// The middle.
        Medium = "medium",
        /// More work.
        Slow = "slow",
    }
}

/// The roles of a process, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// True when the process has this role.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl Setting for Roles {
    fn allowed() -> String {
        format!("a list with at least one of {}", Role::allowed())
    }

    fn read(value: &Value) -> Option<Roles> {
        let mut roles = Vec::new();
        for item in items(value)? {
            let role = Role::read(&Value::from(item))?;
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        (!roles.is_empty()).then_some(Roles(roles))
    }

    fn write(&self) -> Value {
        list(self.0.iter().map(|role| role.word()))
    }
}

/// The URL of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database(String);

impl Database {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// True for the engine that serves one process only.
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }
}

impl Setting for Database {
    fn allowed() -> String {
        "\"sqlite:FILE\" or \"postgres://USER:PASSWORD@HOST/NAME\"".into()
    }

    fn read(value: &Value) -> Option<Database> {
        let text = value.as_str()?.trim();
        let rest = ["sqlite:", "postgres://", "postgresql://"]
            .iter()
            .find_map(|engine| text.strip_prefix(engine))?;
        (!rest.is_empty()).then(|| Database(text.to_owned()))
    }

    fn write(&self) -> Value {
        Value::from(self.0.as_str())
    }

    /// Without the password, which stands in front of the host or among the parameters.
    fn show(&self) -> Value {
        let (mut url, mut shown) = (self.0.as_str(), String::new());
        if let Some((scheme, rest)) = url.split_once("://")
            && let Some((who, host)) = rest.rsplit_once('@')
        {
            let (user, password) = who.split_once(':').map_or((who, ""), |(u, _)| (u, ":***"));
            shown = format!("{scheme}://{user}{password}@");
            url = host;
        }
        let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
        shown.push_str(place);
        for (at, parameter) in parameters.split('&').filter(|p| !p.is_empty()).enumerate() {
            shown.push(if at == 0 { '?' } else { '&' });
            shown.push_str(if parameter.starts_with("password=") {
                "password=***"
            } else {
                parameter
            });
        }
        Value::from(shown)
    }
}

/// The URL of the place where files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files(String);

impl Files {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Setting for Files {
    fn allowed() -> String {
        "\"file:FOLDER\"".into()
    }

    fn read(value: &Value) -> Option<Files> {
        let text = value.as_str()?.trim();
        let folder = text.strip_prefix("file:")?;
        (!folder.is_empty()).then(|| Files(text.to_owned()))
    }

    fn write(&self) -> Value {
        Value::from(self.0.as_str())
    }
}

/// The address visitors use; None when it follows from the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(pub Option<String>);

impl Setting for PublicUrl {
    fn allowed() -> String {
        "http://HOST or https://HOST, with :PORT if it needs one, without a path; or nothing".into()
    }

    fn read(value: &Value) -> Option<PublicUrl> {
        let text = value.as_str()?.trim().trim_end_matches('/');
        if text.is_empty() {
            return Some(PublicUrl(None));
        }
        let (scheme, host) = text.split_once("://")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        // A colon behind the host (not one inside of [::1]) must be followed by a port that exists.
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().unwrap_or(0)),
            _ => (host, 1_u16),
        };
        let sound = matches!(scheme, "http" | "https")
            && port > 0
            && host.chars().all(plain)
            && name.parse::<http::uri::Authority>().is_ok();
        sound.then(|| PublicUrl(Some(text.to_ascii_lowercase())))
    }

    fn write(&self) -> Value {
        Value::from(self.0.as_deref().unwrap_or_default())
    }
}
