// Made from docs/openapi.json by `npm run types`; not to be edited.

export const limits = {
  "AvatarChanges": {
    "age": {
      "minimum": 20,
      "maximum": 120
    },
    "appearance": {
      "minLength": 1,
      "maxLength": 2000
    },
    "gender": {
      "minLength": 1,
      "maxLength": 50
    },
    "name": {
      "minLength": 1,
      "maxLength": 100
    },
    "nationality": {
      "minLength": 1,
      "maxLength": 100
    }
  },
  "NewAvatar": {
    "age": {
      "minimum": 20,
      "maximum": 120
    },
    "appearance": {
      "minLength": 1,
      "maxLength": 2000
    },
    "gender": {
      "minLength": 1,
      "maxLength": 50
    },
    "name": {
      "minLength": 1,
      "maxLength": 100
    },
    "nationality": {
      "minLength": 1,
      "maxLength": 100
    }
  },
  "NewCheckout": {
    "plan": {
      "minLength": 1,
      "maxLength": 100
    }
  },
  "NewDecision": {
    "note": {
      "minLength": 1,
      "maxLength": 2000
    }
  },
  "NewMessage": {
    "text": {
      "minLength": 1,
      "maxLength": 4000
    }
  },
  "NewPhoto": {
    "scene": {
      "minLength": 1,
      "maxLength": 500
    }
  },
  "NewReport": {
    "text": {
      "minLength": 1,
      "maxLength": 2000
    }
  },
  "SignIn": {
    "email": {
      "minLength": 3,
      "maxLength": 254
    }
  },
  "SurveyAnswers": {
    "comment": {
      "minLength": 1,
      "maxLength": 1000
    }
  }
} as const;
