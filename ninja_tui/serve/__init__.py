"""The app in browsers: a web server on which each tab has a process of the app for itself."""
