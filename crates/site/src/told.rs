//! What the API tells about videos and channels, as far as pages speak of it to other programs.

use serde::Deserialize;

/// A video.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Video {
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
    /// Its address where it is at home.
    #[serde(default)]
    pub url: String,
    /// False: it is at home on another pod.
    #[serde(default = "here")]
    pub is_local: bool,
    pub name: String,
    pub description: Option<String>,
    pub duration: u64,
    pub privacy: Named,
    #[serde(default)]
    pub nsfw: bool,
    #[serde(default)]
    pub views: u64,
    pub published_at: String,
    pub preview_path: Option<String>,
    pub channel: Actor,
    #[serde(default)]
    pub streaming_playlists: Vec<Playlist>,
    /// Whether viewers may share its pieces at present, as far as the pod decides.
    #[serde(default)]
    pub p2p_enabled: bool,
    #[serde(default)]
    pub p2p_off: Option<String>,
}

fn here() -> bool {
    true
}

impl Actor {
    /// What it is called here.
    pub fn handle(&self) -> String {
        if self.is_local {
            self.name.clone()
        } else {
            format!("{}@{}", self.name, self.host)
        }
    }
}

/// A number with a word.
#[derive(Deserialize)]
pub struct Named {
    pub id: i64,
}

/// A channel.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    pub name: String,
    #[serde(default)]
    pub host: String,
    /// Its address where it is at home.
    #[serde(default)]
    pub url: String,
    #[serde(default = "here")]
    pub is_local: bool,
    pub display_name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub avatars: Vec<Avatar>,
}

/// A picture of a channel.
#[derive(Deserialize)]
pub struct Avatar {
    pub path: String,
}

/// A playlist and its files.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Playlist {
    #[serde(default)]
    pub playlist_url: String,
    #[serde(default)]
    pub files: Vec<File>,
}

/// A rendition.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct File {
    pub resolution: Named,
    pub file_url: String,
    #[serde(default)]
    pub playlist_url: Option<String>,
    #[serde(default)]
    pub torrent_url: Option<String>,
    #[serde(default)]
    pub width: u64,
    #[serde(default)]
    pub height: u64,
}

/// A page of a list of videos.
#[derive(Deserialize)]
pub struct List {
    pub data: Vec<Listed>,
}

/// A video of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
    pub updated_at: String,
}

const PUBLIC: i64 = 1;

impl Video {
    /// Whether search engines and other sites may speak of it.
    pub fn is_public(&self) -> bool {
        self.privacy.id == PUBLIC
    }

    /// All files with pictures, the highest first.
    pub fn files(&self) -> Vec<&File> {
        let mut files: Vec<&File> = self
            .streaming_playlists
            .iter()
            .flat_map(|playlist| &playlist.files)
            .filter(|file| file.resolution.id > 0)
            .collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.resolution.id));
        files
    }

    /// The file for a player that cannot choose: not larger than most screens and lines can take.
    pub fn plain_file(&self) -> Option<&File> {
        let files = self.files();
        files
            .iter()
            .find(|file| file.resolution.id <= 720)
            .or(files.last())
            .copied()
    }

    /// The playlists that a player reads before the first picture: of all renditions, then of each, the highest first.
    pub fn playlists(&self) -> Vec<&str> {
        let master = self
            .streaming_playlists
            .first()
            .map(|playlist| playlist.playlist_url.as_str());
        let each = self.files();
        let each = each.iter().filter_map(|file| file.playlist_url.as_deref());
        let mut all: Vec<&str> = master.into_iter().chain(each).collect();
        all.retain(|url| !url.is_empty());
        all
    }

    /// What a player asks for before the first picture, as far as one can know without knowing the viewer: which of several
    /// renditions it will be is decided by screen and line.
    pub fn first_files(&self) -> Vec<&str> {
        let mut first = self.playlists();
        if let [only] = self.files()[..] {
            if self.p2p_enabled && self.p2p_off.is_none() {
                first.extend(only.torrent_url.as_deref());
            }
        } else {
            first.truncate(1);
        }
        first.retain(|url| !url.is_empty());
        first
    }

    /// Width and height of the picture.
    pub fn size(&self) -> (u64, u64) {
        match self.files().first() {
            Some(file) if file.width > 0 && file.height > 0 => (file.width, file.height),
            _ => (1280, 720),
        }
    }
}
