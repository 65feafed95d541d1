/* In place of two thousand icons of the theme: icons.css draws those that are used. */
